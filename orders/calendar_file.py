"""An order's showing as a calendar file (RFC 5545), which every calendar can take in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings

from orders.links import order_page
from orders.models import Order
from ticketing.event_changes import is_put_off

LONGEST_LINE = 75  # octets, as the standard wants it
ESCAPES = str.maketrans(
    {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
    | {chr(code): None for code in [*range(10), *range(11, 32), 127]}
)


def calendar_of(order: Order, *, at: datetime) -> bytes:
    """One entry, in UTC; taken in again, it replaces what an earlier file of the order said."""
    return b"".join(_folded(line) for line in _lines(order, at))


def _lines(order: Order, at: datetime) -> Iterator[str]:
    event, showing = order.event, order.showing
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ticketing//Orders//EN")
    yield from ("METHOD:PUBLISH", "BEGIN:VEVENT")
    yield f"UID:order-{order.code}@{settings.PUBLIC_HOST}"
    yield f"DTSTAMP:{_moment(at)}"
    yield f"DTSTART:{_moment(showing.starts_at)}"
    yield f"DTEND:{_moment(showing.ends_at)}"
    yield f"SUMMARY:{_text(event.title)}"
    if event.venue:
        yield f"LOCATION:{_text(event.venue)}"
    yield f"URL:{order_page(order.code)}"
    yield f"STATUS:{_state(order)}"
    yield from ("END:VEVENT", "END:VCALENDAR")


def _state(order: Order) -> str:
    """Whether its customers are expected: nobody is whose tickets have all gone back."""
    is_theirs = order.tickets.filter(refund_approved_at__isnull=True).exists()
    if order.event.is_closed or not is_theirs:
        return "CANCELLED"
    return "TENTATIVE" if is_put_off(order.event, order.showing) else "CONFIRMED"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    return text.replace("\r\n", "\n").translate(ESCAPES)


def _folded(line: str) -> bytes:
    """A line in pieces of at most 75 octets, each after the first led by a space."""
    pieces, piece = [], b""
    # By letters and not by octets: a letter of several must not be torn apart.
    for letter in line:
        encoded = letter.encode()
        if len(piece) + len(encoded) > LONGEST_LINE:
            pieces.append(piece)
            piece = b" "
        piece += encoded
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
