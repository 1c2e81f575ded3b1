"""What every page of the back office builds on: lists of any length, and rows nobody edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django.contrib.admin import ShowFacets, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from jobs.paging import Position, read_page

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from unfold.dataclasses import UnfoldAction

P = TypeVar("P", bound=Callable[..., object])

# Lookups that find their rows by an index, if the column has one.
INDEXED = ("exact", "iexact")
SEVERAL_LINES = {"all": ["back_office/lists.css"]}  # for lists whose cells need more than one


def offered(when: Callable[[Any, Any], bool]) -> Callable[[P], P]:
    """Give the page of an action a button only while `when` says so of the reader and the row."""

    def decorate(page: P) -> P:
        cast("Any", page).is_offered = when
        return page

    return decorate


def link(address: str, text: object) -> SafeString:
    """To another page, as one sees it in the back office."""
    return format_html('<a class="text-link" href="{}">{}</a>', address, text)


class AtLeast(int):
    """A number of rows that were not counted to their end."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class PagedList(ChangeList):
    """A list that reads the rows of one page and counts no others."""

    template_name = "jobs/pages_of_list.html"

    def get_queryset(self, request: HttpRequest, *args: Any, **options: Any) -> QuerySet[Any]:
        """What the filters leave; one may be asked for a number that is too long to be read."""
        try:
            rows: QuerySet[Any] = super().get_queryset(request, *args, **options)
        except ValueError as error:
            raise IncorrectLookupParameters from error
        return rows

    def get_results(self, request: HttpRequest) -> None:
        """Read the page that the address names; another kind of address means the first."""
        position = Position.read(request.GET.get(PAGE_VAR, ""))
        try:
            page = read_page(self.queryset, position, self.list_per_page)
        except (ValueError, TypeError, OverflowError, ValidationError, DataError) as error:
            raise IncorrectLookupParameters from error
        is_all = page.previous is None and page.next is None
        self.result_list = page.rows
        self.result_count = len(page.rows) if is_all else AtLeast(len(page.rows))
        self.previous_page, self.next_page = self._link(page.previous), self._link(page.next)
        self.show_full_result_count = False
        self.show_admin_actions = True
        is_narrowed = self.query or self.has_active_filters
        self.full_result_count = None if is_narrowed else self.result_count  # None: “Show all”
        self.can_show_all = self.multi_page = False
        self.paginator = self  # which is asked for its template

    def _link(self, position: Position | None) -> str | None:
        return self.get_query_string({PAGE_VAR: position.write()}) if position else None


class Paged(ModelAdmin):
    """A list whose pages cost the same with hundreds of thousands of rows as with ten.

    Its order must consist of names of fields. Search fields should be exact, with an index each.
    """

    ordering: ClassVar[Any] = ["-pk"]
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # they count every filter's rows
    paginator = InfinitePaginator  # of autocompletion, which would count otherwise

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PagedList]:
        return PagedList

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """All but those that are not `offered` to this reader, as the row stands."""
        buttons = super().get_actions_detail(request, object_id)
        if not any(hasattr(button.method, "is_offered") for button in buttons):
            return buttons
        row = self.get_object(request, object_id)
        return [each for each in buttons if row and _is_offered(each, request.user, row)]

    def visible(self, request: HttpRequest, object_id: str) -> Any:
        """The row of an action's address; raises Http404 for what the reader may not see."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return row

    def show(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        """A page of its own, with what the back office has on every page."""
        site = self.admin_site.each_context(request)
        return render(request, template, {**site, "opts": self.opts, **context})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only by what the page shows: what it keeps to itself nobody finds out by guessing."""
        is_known = lookup.partition(LOOKUP_SEP)[0] in self._filtered_by(request)
        return is_known and bool(super().lookup_allowed(lookup, value, request))

    def _filtered_by(self, request: HttpRequest) -> set[str]:
        shown = {*flatten_fieldsets(self.get_fieldsets(request)), *self.get_list_display(request)}
        columns = {field.name for field in self.opts.get_fields()}
        filters = {_name_of(each) for each in self.get_list_filter(request)}
        return shown & columns | filters | {"pk", self.opts.pk.name}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What any field finds, each by its own index: an OR over joined tables reads them all."""
        fields, term = self.get_search_fields(request), search_term.strip()
        if not (term and fields and all(field.endswith(INDEXED) for field in fields)):
            return super().get_search_results(request, queryset, search_term)
        rows = self.model._base_manager.order_by()
        found = [rows.filter(**{field: term}).values("pk") for field in fields]
        return queryset.filter(pk__in=found[0].union(*found[1:])), False


def _is_offered(button: UnfoldAction, user: Any, row: Any) -> bool:
    is_offered = getattr(button.method, "is_offered", None)
    return is_offered is None or is_offered(user, row)


def _name_of(chosen: Any) -> str:
    """What a filter of a list is called in addresses, as far as the first relation."""
    if isinstance(chosen, type):
        return str(getattr(chosen, "parameter_name", ""))
    path = chosen if isinstance(chosen, str) else chosen[0]
    return str(path).partition(LOOKUP_SEP)[0]


class OnlyShown:
    """For rows that only services write, on pages of their own or below another row."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnly(OnlyShown, Paged):
    """A list of rows that only services write."""


def among(
    title: Any, field: str, known: Callable[[], list[tuple[str, str]]]
) -> type[SimpleListFilter]:
    """A filter by values that the code knows. Django would look for them in every row."""

    class Among(SimpleListFilter):
        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return known()

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            chosen = self.value()
            return queryset.filter(**{field: chosen}) if chosen else queryset

    Among.title, Among.parameter_name = title, field
    return Among
