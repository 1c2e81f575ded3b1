"""Lists of the back office as files: what is filtered and searched for, own rows only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import DateTimeField, DecimalField, Field, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from ticketing.back_office import OwnEvents, reader
from ticketing.deeds import EXPORTED, note_deed
from ticketing.exports import harmless, stream_csv
from ticketing.roles import EXPORT_LISTS, is_admin
from ticketing.spreadsheets import spreadsheet

AT_ONCE = 2_000  # rows fetched from the database's cursor
# In a spreadsheet: nothing of it is sent before all is written, for which proxies wait a minute.
AT_MOST = 100_000

Cell = Callable[[Any, ZoneInfo], object]
Write = Callable[[str, list[str], Iterator[list[object]]], HttpResponseBase]


@dataclass(frozen=True)
class Column:
    """One column of a file: where its value is, and what it looks like."""

    path: str
    title: str
    cell: Cell
    is_money: bool


class Exports(OwnEvents):
    """A list with two buttons that give it as a file. `export_columns` are its fields and titles.

    Times are those of the row's showing, whose zone is the last column. Money of an event whose
    revenue is frozen is in the files of platform admins only: added up, it would be its revenue.
    Who took which file is kept in Django's log.
    """

    export_columns: dict[str, Any]
    actions_list = ["export_csv", "export_xlsx"]

    @action(
        description=gettext_lazy("Export as CSV"), url_path="export-csv", permissions=["export"]
    )
    def export_csv(self, request: HttpRequest) -> HttpResponseBase:
        """The list as text, sent while it is read."""
        return self._export(request, "csv", stream_csv)

    @action(
        description=gettext_lazy("Export as Excel"), url_path="export-xlsx", permissions=["export"]
    )
    def export_xlsx(self, request: HttpRequest) -> HttpResponseBase:
        """The list as a spreadsheet, sent when it is complete; refused if it is too long."""
        return self._export(request, "xlsx", spreadsheet, at_most=AT_MOST)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Support looks rows up one by one; whole lists are for those whose customers they are."""
        return self.has_view_permission(request) and request.user.has_perm(EXPORT_LISTS)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, with buttons that export what it shows."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        # None where something else than the list was answered, such as a question before an action.
        if "cl" in context:
            for button in context["actions_list"]:
                button["path"] += context["cl"].get_query_string()
        return response

    def export_header(self, request: HttpRequest) -> list[str]:
        return [*(str(title) for title in self.export_columns.values()), _("time zone")]

    def export_rows(self, request: HttpRequest, rows: QuerySet[Any]) -> Iterator[list[object]]:
        """The cells of these rows, read through a cursor of the database."""
        columns = [_column(self.model, *given) for given in self.export_columns.items()]
        # Whatever leads to an event has its showing beside it, or gets there by way of it.
        event = self.organizer_field.removesuffix("organizer")
        showing = f"{event.removesuffix('event__').removesuffix('showing__')}showing__"
        paths = [*(column.path for column in columns), f"{showing}time_zone"]
        read = rows.values_list(*paths, f"{event}revenue_frozen_at").iterator(chunk_size=AT_ONCE)
        sees_all = is_admin(request.user)
        for *values, name, frozen_at in read:
            zone = _zone(name or "UTC")
            hides_money = frozen_at is not None and not sees_all
            yield [
                None if hides_money and column.is_money else column.cell(value, zone)
                for column, value in zip(columns, values, strict=True)
            ] + [zone.key]

    def _export(
        self, request: HttpRequest, kind: str, write: Write, at_most: int | None = None
    ) -> HttpResponseBase:
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return redirect(page)
        # Looks for one row more: counting all of them would take as long as reading them.
        if at_most is not None and rows[at_most : at_most + 1].exists():
            messages.error(request, _too_many(at_most))
            return redirect(page)
        self._log_export(request, kind)
        name = f"{self.opts.model_name}-{datetime.now(UTC):%Y%m%d-%H%M}.{kind}"
        return write(name, self.export_header(request), self.export_rows(request, rows))

    def _log_export(self, request: HttpRequest, kind: str) -> None:
        chosen = request.GET.urlencode()
        message = f"Exported as {kind}: {chosen or 'everything'}"
        note_deed(EXPORTED, by=reader(request), about=self.model, message=message)


def _too_many(at_most: int) -> str:
    told = _(
        "More than {count} rows are too many for a spreadsheet. "
        "Filter the list, or export it as CSV."
    )
    return told.format(count=f"{at_most:,}")


def _column(model: Any, path: str, title: Any) -> Column:
    field = get_fields_from_path(model, path)[-1]
    return Column(path, str(title), _cell_of(field), isinstance(field, DecimalField))


def _cell_of(field: Field[Any, Any]) -> Cell:
    if field.choices:
        labels = {value: str(label) for value, label in field.flatchoices}
        return lambda value, zone: labels.get(value, value)
    if isinstance(field, DateTimeField):
        return _local
    return _plain


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment and moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _plain(value: object, zone: ZoneInfo) -> object:
    return harmless(value) if isinstance(value, str) else value


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
