"""The log of who did what: every step of every event, order, payment and refund, newest first."""

from __future__ import annotations

from datetime import date, timedelta
from operator import attrgetter
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.back_office import SEVERAL_LINES, link
from jobs.subjects import address_of
from orders.models import Order
from orders.timeline import actor_of, rows_of_orders, words_of
from ticketing.back_office import PlatformOnly
from ticketing.business_time import day_of, midnight, zone
from ticketing.models import LogRow

DAYS_OFFERED = 14
# Python can't tell the midnight of the first and the last days in every zone.
YEARS = range(2000, 2101)
STAFF_OFFERED = 100
WIDE = "min-width: 14rem; overflow-wrap: anywhere"
NARROW = "min-width: 9rem; overflow-wrap: anywhere"  # references are long


class OfModel(admin.SimpleListFilter):
    title = gettext_lazy("done with")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(model._meta.label_lower, str(model._meta.verbose_name)) for model in words_of]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogRow]) -> QuerySet[LogRow]:
        chosen = [model for model in words_of if model._meta.label_lower == self.value()]
        return queryset.filter(content_type=_type(chosen[0])) if chosen else queryset


class ByWhom(admin.SimpleListFilter):
    title = gettext_lazy("who did it")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.filter(is_staff=True).order_by("username")[:STAFF_OFFERED]
        kinds = [("staff", _("staff")), ("customers", _("customers")), ("system", _("the system"))]
        return [*kinds, *((str(user.pk), user.get_username()) for user in people)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogRow]) -> QuerySet[LogRow]:
        who = self.value() or ""
        if who.isdecimal():
            return queryset.filter(by=int(who))
        kinds = {
            "staff": Q(by__is_staff=True),
            "customers": Q(by__is_staff=False),
            "system": Q(by__isnull=True),
        }
        return queryset.filter(kinds.get(who, Q()))


class OnDay(admin.SimpleListFilter):
    """One day; those before the last two weeks are reached by the address."""

    title = gettext_lazy("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        today = day_of(timezone.now())
        days = [str(today - timedelta(days=n)) for n in range(DAYS_OFFERED)]
        return [(day, day) for day in days]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogRow]) -> QuerySet[LogRow]:
        day = _day(self.value() or "")
        if day is None:
            return queryset
        ends = midnight(day + timedelta(days=1))
        return queryset.filter(timestamp__gte=midnight(day), timestamp__lt=ends)


class LogRowAdmin(PlatformOnly):
    """For platform admins: whoever sees a row of its own reads what was done with it there."""

    list_display = ["moment", "actor", "deed", "about", "moved"]
    list_display_links = None
    list_filter = [ByWhom, OfModel, OnDay]
    search_fields = ["object_id"]  # Django shows the field for it; see get_search_results
    search_help_text = gettext_lazy("A whole order code")
    ordering = ["-pk"]
    sortable_by = ()

    class Media:
        css: ClassVar = SEVERAL_LINES

    fields = readonly_fields = ("moment", "actor", "what", "why", "row", "of_order", "moved")

    def get_ordering(self, request: HttpRequest) -> Any:
        """Newest first: of one day by the time, which an index finds, and not from today back."""
        is_of_day = _day(request.GET.get(OnDay.parameter_name, "")) is not None
        return ["-timestamp", *self.ordering] if is_of_day else self.ordering

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogRow]:
        """With what each row is about and its order: one query for each model on the page."""
        rows: QuerySet[LogRow] = super().get_queryset(request)
        subjects = GenericPrefetch("content_object", [_subjects(model) for model in words_of])
        return rows.select_related("by", "content_type").prefetch_related(subjects)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LogRow], search_term: str
    ) -> tuple[QuerySet[LogRow], bool]:
        """The steps of everything that belongs to the order of this code."""
        if not search_term.strip():
            return queryset, False
        order = Order.objects.filter(code=search_term.strip().upper()).first()
        if order is None:
            return queryset.none(), False
        # Nothing yet: an empty Q would find every row.
        found = Q(pk__in=[])
        for model, path in rows_of_orders.items():
            ids = model._default_manager.filter(**{path: order.pk}).values("pk")
            found |= Q(content_type=_type(model), object_id__in=ids)
        return queryset.filter(found), False

    @admin.display(description=gettext_lazy("time"))
    def moment(self, row: LogRow) -> str:
        shown = f"{row.timestamp.astimezone(zone()):%Y-%m-%d %H:%M:%S}"
        return format_html('<span class="whitespace-nowrap">{}</span>', shown)

    @admin.display(description=gettext_lazy("who"))
    def actor(self, row: LogRow) -> str:
        return actor_of(row.by, _order_of(row))

    @admin.display(description=gettext_lazy("what"))
    def what(self, row: LogRow) -> str:
        """The step in words."""
        model = row.content_type.model_class()
        word = words_of.get(model, {}).get(row.transition) if model else None
        return str(word.text).format(thing=_name(row)) if word else row.transition

    @admin.display(description=gettext_lazy("what"))
    def deed(self, row: LogRow) -> str:
        """The step in words, and below it why it was taken."""
        layout = '<div style="{}">{}<br><small>{}</small></div>'
        return format_html(layout, WIDE, self.what(row), row.description or "")

    @admin.display(description=gettext_lazy("done with"))
    def about(self, row: LogRow) -> str:
        """What it was done with, and the story of its order."""
        if _order_of(row) is None:
            return self.row(row)
        layout = '<div style="{}">{}<br><small>{} {}</small></div>'
        return format_html(layout, NARROW, self.row(row), _("order"), self.of_order(row))

    @admin.display(description=gettext_lazy("done with"))
    def row(self, row: LogRow) -> str:
        """A link to what it was done with, if that has a page."""
        model = row.content_type.model_class()
        kind, name = row.content_type.name, _name(row)
        name = name if name.lower().startswith(kind.lower()) else f"{kind}: {name}"
        if model not in self.admin_site._registry:
            return name
        return link(address_of(model, row.object_id), name)

    @admin.display(description=gettext_lazy("order"))
    def of_order(self, row: LogRow) -> str:
        """A link to all that happened to its order."""
        order = _order_of(row)
        if order is None:
            return "–"
        return link(reverse("admin:orders_order_timeline", args=[order.pk]), order.code)

    @admin.display(description=gettext_lazy("from → to"))
    def moved(self, row: LogRow) -> str:
        before, after = row.get_source_state_display(), row.get_state_display()
        return str(after or "–") if before == after else f"{before} → {after}"

    @admin.display(description=gettext_lazy("reason"))
    def why(self, row: LogRow) -> str:
        return row.description or ""


def _type(model: type[Model]) -> ContentType:
    return ContentType.objects.get_for_model(model)


def _subjects(model: type[Model]) -> QuerySet[Any]:
    """Rows of the model with what they are named by: their order, or else their event."""
    rows = model._default_manager.all()
    path = rows_of_orders.get(model, "event" if hasattr(model, "event") else "pk")
    return rows if path == "pk" else rows.select_related(path)


def _order_of(row: LogRow) -> Order | None:
    """The order that the row of a step belongs to; None for events and campaigns."""
    model = row.content_type.model_class()
    path = rows_of_orders.get(model) if model else None
    if path is None or row.content_object is None:
        return None
    found: Any = row.content_object
    order: Order = found if path == "pk" else attrgetter(path.replace("__", "."))(found)
    return order


def _name(row: LogRow) -> str:
    """What people call the row; its id if it is gone."""
    return str(row.content_object or row.object_id)


def _day(text: str) -> date | None:
    """The day, if there can be anything that was done on it."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and day.year in YEARS else None
