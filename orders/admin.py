"""Orders and tickets to look at. What happens to them happens through services."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action

from jobs.back_office import ReadOnly
from orders import services
from orders.house.page import HouseAdmin  # noqa: F401  the page of a showing, with its seats
from orders.models import Order, SeatHold, Ticket
from orders.revenue import EventRevenue, with_amounts
from ticketing.admin import HistoryInline
from ticketing.asking import Question
from ticketing.back_office import OwnEvents, Switch, reader
from ticketing.exports import harmless, stream_csv
from ticketing.roles import RESEND_TICKETS, is_admin, may


class HoldInline(TabularInline):  # type: ignore[misc]
    model = SeatHold
    fields: ClassVar = ["seat", "price", "status", "expires_at"]
    readonly_fields = fields
    extra = 0
    can_delete = False


class TicketInline(TabularInline):  # type: ignore[misc]
    model = Ticket
    fields: ClassVar = ["area_name", "row_label", "seat_number", "price", "status", "issued_at"]
    readonly_fields = fields
    extra = 0
    can_delete = False


class Stuck(Switch):
    title = gettext_lazy("stuck")
    parameter_name = "stuck"
    label = gettext_lazy("Long overdue, and still not settled")

    @staticmethod
    def chosen(rows: Any, user: User) -> Any:
        return rows.stuck(timezone.now())


@admin.register(Order)
class OrderAdmin(OwnEvents, ReadOnly):
    organizer_field = "event__organizer"
    list_display = ["code", "event", "email", "total_amount", "status", "created_at", "expires_at"]
    list_filter = ["status", Stuck]
    list_select_related = ["event"]
    search_fields = ["code__exact", "email__iexact"]
    date_hierarchy = "created_at"
    show_full_result_count = False
    exclude = ["idempotency_key", "request_digest"]
    inlines = [HoldInline, TicketInline, HistoryInline]
    actions_detail = ["resend_tickets"]

    @action(  # type: ignore[untyped-decorator]
        description=gettext_lazy("Send the tickets again"), url_path="resend_tickets"
    )
    def resend_tickets(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask once more, then have them mailed to the address of the order."""
        order, user = self.visible(request, object_id), reader(request)
        if not may(user, RESEND_TICKETS, order.event):
            raise PermissionDenied
        question = Question(
            gettext_lazy("Send the tickets again"),
            _("They are mailed to {address}.").format(address=order.email),
            partial(services.resend_tickets, order_id=order.pk, by=user),
            done=gettext_lazy("The tickets are on their way."),
        )
        return question.ask(self, request, order)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """The button is there for orders that have tickets to send."""
        order = self.get_object(request, object_id)
        has_tickets = order is not None and order.tickets.valid().exists()
        return super().get_actions_detail(request, object_id) if has_tickets else []


REVENUE_COLUMNS = [
    "event", "title", "organizer", "sold", "refunded", "reserved", "payable", "status"
]  # fmt: skip


@admin.register(EventRevenue)
class EventRevenueAdmin(OwnEvents, ReadOnly):
    """What events have earned. Frozen revenue has a number for platform admins only."""

    organizer_field = "organizer"
    list_select_related = ["organizer"]
    search_fields = ["title"]
    ordering = ["title"]
    actions = ["export"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventRevenue]:
        return with_amounts(super().get_queryset(request))

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Every amount, and for platform admins what is held back."""
        shown = ["title", "organizer", "sold", "refunded", "reserved", "payable"]
        return [*shown, "held_back"] if is_admin(request.user) else shown

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_list_display(request)

    @admin.display(description=gettext_lazy("sold"), ordering="sold")
    def sold(self, event: EventRevenue) -> str:
        return _amount(event.revenue.sold)

    @admin.display(description=gettext_lazy("refunded"), ordering="refunded")
    def refunded(self, event: EventRevenue) -> str:
        return _amount(event.revenue.refunded)

    @admin.display(description=gettext_lazy("approved to go back"), ordering="reserved")
    def reserved(self, event: EventRevenue) -> str:
        return _amount(event.revenue.reserved)

    @admin.display(description=gettext_lazy("payable"))
    def payable(self, event: EventRevenue) -> str:
        """The amount, or since when it is frozen."""
        return str(event.revenue)

    @admin.display(description=gettext_lazy("held back"))
    def held_back(self, event: EventRevenue) -> str | None:
        kept = event.revenue.held_back
        return None if kept is None else _amount(kept)

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=["view"])
    def export(self, request: HttpRequest, events: QuerySet[EventRevenue]) -> StreamingHttpResponse:
        """The selected events as a file. Nobody gets a number for frozen revenue in it."""
        return stream_csv("revenue.csv", REVENUE_COLUMNS, _revenue_rows(events))


def _revenue_rows(events: QuerySet[EventRevenue]) -> Iterator[list[object]]:
    for event in events.iterator(chunk_size=1_000):
        revenue = event.revenue
        yield [
            event.pk,
            harmless(event.title),
            harmless(event.organizer.name),
            revenue.sold,
            revenue.refunded,
            revenue.reserved,
            revenue.payable,
            "frozen" if revenue.is_frozen else "payable",
        ]


def _amount(amount: Decimal) -> str:
    return f"{amount:,.0f} VND"
