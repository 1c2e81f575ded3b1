"""Places as people are told them, in mails and on pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orders.models import Order, SeatHold, Ticket


def held_place(hold: SeatHold) -> dict[str, Any]:
    """Of a hold with its seat's area and row."""
    seat = hold.seat
    numbered = {} if seat.area.is_general_admission else _numbers(seat.row.label, seat.number)
    return {"area": seat.area.name, **numbered, "price": hold.price}


def ticketed_place(ticket: Ticket) -> dict[str, Any]:
    """Of a ticket with its seat's area."""
    is_standing = ticket.seat.area.is_general_admission
    numbered = {} if is_standing else _numbers(ticket.row_label, ticket.seat_number)
    return {"area": ticket.area_name, **numbered, "price": ticket.price, "code": ticket.code}


def priced(order: Order, places: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with their prices as people read them, in the language that is active."""
    return [{**place, "price": order.price_tag(place["price"])} for place in places]


def _numbers(row: str, seat: str) -> dict[str, str]:
    return {"row": row, "seat": seat}
