"""Orders and tickets to look at. What happens to them happens through services."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from unfold.admin import TabularInline

from jobs.back_office import ReadOnly
from orders.models import Order, SeatHold, Ticket
from ticketing.back_office import OwnEvents


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


@admin.register(Order)
class OrderAdmin(OwnEvents, ReadOnly):
    organizer_field = "event__organizer"
    list_display = ["code", "event", "email", "total_amount", "status", "created_at", "expires_at"]
    list_filter = ["status"]
    list_select_related = ["event"]
    search_fields = ["code__exact", "email__iexact"]
    date_hierarchy = "created_at"
    show_full_result_count = False
    exclude = ["idempotency_key", "request_digest"]
    inlines = [HoldInline, TicketInline]
