"""Orders, tickets and revenue to look at. What happens to them happens through services."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import BooleanField, Q, QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from jobs.back_office import ReadOnly
from jobs.subjects import names
from orders.house.page import HouseAdmin  # noqa: F401  the page of a showing, with its seats
from orders.models import Order, SeatHold, Ticket
from orders.order_actions import OrderActions
from orders.revenue import EventRevenue, with_amounts
from orders.staff_log import LogRowAdmin
from ticketing.admin import HistoryInline
from ticketing.amounts import price_tag
from ticketing.back_office import Switch
from ticketing.back_office_amounts import ShownAmounts
from ticketing.exports import harmless
from ticketing.list_exports import Exports
from ticketing.models import LogRow, Showing
from ticketing.roles import is_admin

names("order_id", Order)
admin.site.register(LogRow, LogRowAdmin)

SOONEST = 30


class HoldInline(ShownAmounts, TabularInline):
    model = SeatHold
    fields = readonly_fields = ("place", "price", "status", "expires_at")
    extra = 0
    can_delete = False
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[SeatHold]:
        rows: QuerySet[SeatHold] = super().get_queryset(request)
        return rows.select_related("seat__area", "seat__row")

    @admin.display(description=gettext_lazy("place"))
    def place(self, hold: SeatHold) -> str:
        return hold.seat.place


class TicketInline(ShownAmounts, TabularInline):
    model = Ticket
    fields = readonly_fields = (
        "area_name",
        "row_label",
        "seat_number",
        "price",
        "status",
        "issued_at",
    )
    extra = 0
    can_delete = False
    hide_title = True


class Stuck(Switch):
    title = gettext_lazy("stuck")
    parameter_name = "stuck"
    label = gettext_lazy("Long overdue, and still not settled")

    @staticmethod
    def chosen(rows: Any, user: User) -> Any:
        return rows.stuck(timezone.now())


@admin.register(Order)
class OrderAdmin(Exports, OrderActions):
    organizer_field = "event__organizer"
    list_display = ["code", "event", "email", "total_amount", "status", "created_at", "expires_at"]
    list_filter = ["status", Stuck, "created_at"]
    list_select_related = ["event"]
    search_fields = ["code__exact", "email__iexact"]
    search_help_text = gettext_lazy("A whole order code or email address")
    ordering = ["-created_at", "-pk"]
    sortable_by = ["created_at"]
    export_columns = {
        "code": gettext_lazy("order"),
        "event__title": gettext_lazy("event"),
        "showing__starts_at": gettext_lazy("showing"),
        "email": gettext_lazy("email"),
        "status": gettext_lazy("status"),
        "total_amount": gettext_lazy("total"),
        "refunded_amount": gettext_lazy("refunded"),
        "currency": gettext_lazy("currency"),
        "created_at": gettext_lazy("created"),
        "paid_at": gettext_lazy("paid"),
    }
    exclude = ["currency", "idempotency_key", "request_digest"]
    inlines = [HoldInline, TicketInline, HistoryInline]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Accounts are opened by platform admins alone: a link to one leads others nowhere."""
        return [*self.exclude, *([] if is_admin(request.user) else ["customer"])]


class SoonestShowing(admin.SimpleListFilter):
    """The next showings that the reader may see: those whose doors are to be prepared."""

    title = gettext_lazy("showing")
    parameter_name = "showing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        page = model_admin.admin_site._registry[Showing]
        coming = page.get_queryset(request).filter(ends_at__gte=timezone.now())
        soonest = coming.select_related("event").order_by("starts_at")[:SOONEST]
        return [(str(showing.pk), str(showing)) for showing in soonest]

    def has_output(self) -> bool:
        """Also when nothing is to come: links lead to the people of showings that are past."""
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        chosen = self.value() or ""
        return queryset.filter(showing_id=int(chosen)) if chosen.isdecimal() else queryset


@admin.register(Ticket)
class TicketAdmin(Exports, ReadOnly):
    """Who comes to a showing. Not the codes: whoever reads one gets in with it."""

    organizer_field = "showing__event__organizer"  # tickets have no index by event
    list_display = ["order", "email", "event_title", "starts", "place", "status", "used_at"]
    list_display_links = ["place"]
    list_filter = ["status", SoonestShowing]
    list_select_related = ["order", "showing"]
    search_fields = ["order__code__exact", "order__email__iexact"]
    search_help_text = OrderAdmin.search_help_text
    sortable_by = ()
    exclude = ["code", "showing_starts_at", "showing_time_zone"]
    readonly_fields = ["printed_start"]
    export_columns = {
        "event_title": gettext_lazy("event"),
        "showing__starts_at": gettext_lazy("showing"),
        "area_name": gettext_lazy("area"),
        "row_label": gettext_lazy("row"),
        "seat_number": gettext_lazy("seat"),
        "order__email": gettext_lazy("email"),
        "order__code": gettext_lazy("order"),
        "price": gettext_lazy("price"),
        "status": gettext_lazy("status"),
        "used_at": gettext_lazy("went in"),
    }

    @admin.display(description=gettext_lazy("email"))
    def email(self, ticket: Ticket) -> str:
        return ticket.order.email

    @admin.display(description=gettext_lazy("showing"))
    def starts(self, ticket: Ticket) -> str:
        return ticket.showing.local(ticket.showing.starts_at)

    @admin.display(description=gettext_lazy("showing starts at"))
    def printed_start(self, ticket: Ticket) -> str:
        return ticket.local(ticket.showing_starts_at)

    @admin.display(description=gettext_lazy("place"))
    def place(self, ticket: Ticket) -> str:
        return str(ticket)


REVENUE_COLUMNS = [
    "event", "title", "organizer", "sold", "refunded", "reserved", "payable", "status"
]  # fmt: skip


@admin.register(EventRevenue)
class EventRevenueAdmin(Exports, ReadOnly):
    """What events have earned. Frozen revenue has a number for platform admins only."""

    organizer_field = "organizer"
    list_select_related = ["organizer"]
    search_fields = ["title"]
    ordering = ["title"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventRevenue]:
        """With the amounts that the reader sees and no others: the list is sorted by them."""
        sees_all = is_admin(request.user)
        seen = Q() if sees_all else Q(revenue_frozen_at__isnull=True)
        rows = with_amounts(super().get_queryset(request), seen)
        return rows.annotate(sees_all=Value(sees_all, BooleanField()))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Every amount, and for platform admins what is held back."""
        shown = ["title", "organizer", "sold", "refunded", "reserved", "payable"]
        return [*shown, "held_back"] if is_admin(request.user) else shown

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_list_display(request)

    @admin.display(description=gettext_lazy("sold"), ordering="sold")
    def sold(self, event: EventRevenue) -> str | None:
        return _shown(event, event.revenue.sold)

    @admin.display(description=gettext_lazy("refunded"), ordering="refunded")
    def refunded(self, event: EventRevenue) -> str | None:
        return _shown(event, event.revenue.refunded)

    @admin.display(description=gettext_lazy("approved to go back"), ordering="reserved")
    def reserved(self, event: EventRevenue) -> str | None:
        return _shown(event, event.revenue.reserved)

    @admin.display(description=gettext_lazy("payable"))
    def payable(self, event: EventRevenue) -> str:
        """The amount, or since when it is frozen."""
        return str(event.revenue)

    @admin.display(description=gettext_lazy("held back"))
    def held_back(self, event: EventRevenue) -> str | None:
        kept = event.revenue.held_back
        return None if kept is None else price_tag(kept)

    def export_header(self, request: HttpRequest) -> list[str]:
        return REVENUE_COLUMNS

    def export_rows(self, request: HttpRequest, rows: QuerySet[Any]) -> Iterator[list[object]]:
        """Nobody gets a payable amount of frozen revenue; members nothing to compute it from."""
        sees_all = is_admin(request.user)
        for event in rows.iterator(chunk_size=1_000):
            revenue = event.revenue
            amounts = [revenue.sold, revenue.refunded, revenue.reserved, revenue.payable]
            is_hidden = revenue.is_frozen and not sees_all
            yield [
                event.pk,
                harmless(event.title),
                harmless(event.organizer.name),
                *([None] * len(amounts) if is_hidden else amounts),
                "frozen" if revenue.is_frozen else "payable",
            ]


def _shown(event: Any, amount: Decimal) -> str | None:
    """An amount; while it is frozen, members see none from which the revenue can be computed."""
    return price_tag(amount) if event.sees_all or not event.revenue.is_frozen else None
