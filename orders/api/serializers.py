from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from orders.models import Order, SeatHold, Ticket

LARGEST_NUMBER = 2**63 - 1  # of PostgreSQL: what is larger is refused and not a fault
LONGEST_LIST = 1000
ON_A_TICKET = [
    "code", "status", "event", "showing", "starts_at", "time_zone", "area", "row", "number",
]  # fmt: skip


class Id(serializers.IntegerField):
    """A row's id; what can't be one is refused before the database sees it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_NUMBER, **options)


class TicketCodeField(serializers.RegexField):
    """A ticket's code, in capitals whatever was typed, without the blanks around it."""

    default_error_messages = {"invalid": _("A ticket's code has letters and digits only.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[0-9A-Za-z]+$", max_length=26, **options)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).upper()


class ShortList(serializers.ListField):
    """At most `LONGEST_LIST` elements. A longer list is refused before any of them is looked at."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=1, max_length=LONGEST_LIST, **options)

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        if len(data) > LONGEST_LIST:
            self.fail("max_length", max_length=LONGEST_LIST)
        return super().run_child_validation(data)


class OrderRequest(serializers.Serializer[Any]):
    """Either `seats`, or `quantity` places of a general-admission `area`."""

    showing = Id()
    seats = ShortList(child=Id(), required=False)
    area = Id(required=False)
    quantity = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_NUMBER)

    def validate_seats(self, seats: list[int]) -> list[int]:
        if len(set(seats)) < len(seats):
            raise serializers.ValidationError(_("A seat is listed twice."))
        return seats

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        given = {name for name in ("seats", "area", "quantity") if name in body}
        if given not in ({"seats"}, {"area", "quantity"}):
            raise serializers.ValidationError(
                _("Give either seats, or area and quantity, and nothing else.")
            )
        return body


class HoldBody(serializers.ModelSerializer[SeatHold]):
    id = serializers.IntegerField(source="seat_id", help_text="The seat's id.")
    area = serializers.CharField(source="seat.area.name")
    row = serializers.CharField(source="seat.row.label")
    number = serializers.CharField(source="seat.number")

    class Meta:
        model = SeatHold
        fields = ["id", "area", "row", "number", "price", "status"]
        read_only_fields = fields


class OrderBody(serializers.ModelSerializer[Order]):
    event = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    seats = HoldBody(source="shown_holds", many=True, read_only=True)

    class Meta:
        model = Order
        fields = [
            "code",
            "status",
            "event",
            "showing",
            "email",
            "total_amount",
            "refunded_amount",
            "currency",
            "created_at",
            "expires_at",
            "paid_at",
            "seats",
        ]
        read_only_fields = fields

    def to_representation(self, order: Order) -> dict[str, Any]:
        """By hand: DRF would make its fields anew for each answer, at the cost of a query."""
        return {
            "code": order.code,
            "status": order.status,
            "event": order.event.slug,
            "showing": order.showing_id,
            "email": order.email,
            "total_amount": f"{order.total_amount:.2f}",
            "refunded_amount": f"{order.refunded_amount:.2f}",
            "currency": order.currency,
            "created_at": utc(order.created_at),
            "expires_at": utc(order.expires_at),
            "paid_at": order.paid_at and utc(order.paid_at),
            "seats": [_hold_body(hold) for hold in cast("Any", order).shown_holds],
        }


def _hold_body(hold: SeatHold) -> dict[str, Any]:
    return {
        "id": hold.seat_id,
        "area": hold.seat.area.name,
        "row": hold.seat.row.label,
        "number": hold.seat.number,
        "price": f"{hold.price:.2f}",
        "status": hold.status,
    }


def utc(moment: datetime) -> str:
    """A moment as every answer of the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class CheckInRequest(serializers.Serializer[Any]):
    ticket = TicketCodeField(help_text="The code that the QR code says, or the holder reads aloud.")
    showing = Id(
        required=False,
        help_text="The showing at whose door you are: tickets of others are refused, and all of "
        "them more than twelve hours before it starts or after it ends.",
    )
    scan = serializers.UUIDField(
        required=False,
        help_text="A name of your own for this look at the ticket. Sent again within a minute, the "
        "same name gets the same answer; send a new one for the next person.",
    )


class TicketBody(serializers.ModelSerializer[Ticket]):
    event = serializers.CharField(source="event_title")
    starts_at = serializers.DateTimeField(source="showing.starts_at")
    time_zone = serializers.CharField(source="showing.time_zone")
    area = serializers.CharField(source="area_name")
    row = serializers.CharField(source="row_label")
    number = serializers.CharField(source="seat_number")
    lets_in = serializers.BooleanField(
        read_only=True,
        help_text="Whether somebody may still go in with it. Nobody may from when its refund is "
        "approved, although it is `refunded` only once the money is back; nor if the event is off.",
    )
    qr_url = serializers.SerializerMethodField()
    pdf_url = serializers.SerializerMethodField()

    class Meta:
        model = Ticket
        fields = [
            *ON_A_TICKET,
            "lets_in",
            "price",
            "issued_at",
            "used_at",
            "qr_url",
            "pdf_url",
        ]
        read_only_fields = fields

    def get_qr_url(self, ticket: Ticket) -> str:
        return f"/api/v1/tickets/{ticket.code}/qr.svg"

    def get_pdf_url(self, ticket: Ticket) -> str:
        return f"/api/v1/tickets/{ticket.code}/ticket.pdf"


class CheckInBody(TicketBody):
    """What the people at the door have to see."""

    class Meta:
        model = Ticket
        fields = [*ON_A_TICKET, "used_at"]
        read_only_fields = fields
