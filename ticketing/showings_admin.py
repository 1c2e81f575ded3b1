"""Showings with their areas: a page of their own, and a part of their event's."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.admin import StackedInline, TabularInline

from ticketing.models import Area, Event, Showing
from ticketing.workbench.forms import AreaForm
from ticketing.workbench.showing_form import ShowingForm
from ticketing.workbench.showing_pages import ShowingPages
from ticketing.workbench.wall_times import on_the_wall


def _on_the_wall(name: str, title: Any) -> Any:
    """A time of a showing to look at, as the clock of its house shows it."""

    @admin.display(description=title, ordering=name)
    def shown(page: Any, showing: Showing) -> str:
        return f"{on_the_wall(getattr(showing, name), showing.zone):%Y-%m-%d %H:%M}"

    return shown


class LocalTimes:
    """The times of a showing: to fill in, in its form, or to look at, by the same clock."""

    times: ClassVar = [("starts_at", "ends_at"), ("ticket_sale_start", "ticket_sale_end")]
    shown_times: ClassVar = [("begins", "ends"), ("sale_from", "sale_until")]
    readonly_fields: ClassVar[Any] = ["begins", "ends", "sale_from", "sale_until"]

    begins = _on_the_wall("starts_at", gettext_lazy("Begins"))
    ends = _on_the_wall("ends_at", gettext_lazy("Ends"))
    sale_from = _on_the_wall("ticket_sale_start", gettext_lazy("Sale from"))
    sale_until = _on_the_wall("ticket_sale_end", gettext_lazy("Sale until"))


class ShowingInline(LocalTimes, StackedInline):
    """The showings of an event; a new event has the form of its first one open."""

    model = Showing
    form = ShowingForm
    ordering = ["starts_at", "pk"]
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Showing]:
        rows: QuerySet[Showing] = super().get_queryset(request).select_related("event")
        return rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Times to fill in on a page that may be changed, and to look at on others."""
        page = self.admin_site._registry[Event]
        is_form = obj is None or page.has_change_permission(request, obj)
        return [*(self.times if is_form else self.shown_times), "time_zone"]

    def get_extra(self, request: HttpRequest, obj: Any = None, **options: Any) -> int:
        return 0 if obj and obj.showings.exists() else 1


class AreaInline(TabularInline):
    model = Area
    form = AreaForm
    fields = ["name", "price", "is_general_admission"]
    extra = 0
    can_delete = False


@admin.register(Showing)
class ShowingAdmin(LocalTimes, ShowingPages):
    organizer_field = "event__organizer"
    form = ShowingForm
    list_display = ["event", "begins", "sale_from", "sale_until", "time_zone"]
    list_select_related = ["event"]
    search_fields = ["event__title"]
    readonly_fields: ClassVar = ["event", *LocalTimes.readonly_fields]
    inlines = [AreaInline]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        is_form = self.has_change_permission(request, obj)
        evening, sale = self.times if is_form else self.shown_times
        return [
            (None, {"fields": ["event"]}),
            (gettext_lazy("When it takes place"), {"fields": [evening, "time_zone"]}),
            (gettext_lazy("When tickets are sold"), {"fields": [sale]}),
        ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A showing is made on the page of its event."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What does not take place any more stays as people bought it."""
        is_closed = bool(obj and obj.event.is_closed)
        return bool(super().has_change_permission(request, obj)) and not is_closed

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
