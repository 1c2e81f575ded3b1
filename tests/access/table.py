"""Who gets what at each address that names a row. The tests walk the URL conf and compare.

`row` is what the address names: something of a customer, or of organizer A. The people who ask have
nothing to do with it; the word says what they get, whatever the method.
"""

from __future__ import annotations

from dataclasses import dataclass

LOG_IN, UNKNOWN, NOT_SIGNED_IN, FORBIDDEN = "log-in", 404, 401, 403


@dataclass(frozen=True)
class Line:
    """The answer to visitors, to another customer, and to a member of organizer B."""

    row: str
    visitor: int | str
    customer: int | str
    member: int | str


def in_the_api(row: str) -> Line:
    return Line(row, NOT_SIGNED_IN, UNKNOWN, UNKNOWN)


def on_a_page(row: str) -> Line:
    return Line(row, LOG_IN, UNKNOWN, UNKNOWN)


def at_a_door() -> Line:
    return Line("showing", LOG_IN, LOG_IN, UNKNOWN)


def public(row: str) -> Line:
    """Open to everybody once it is published; a draft is not there."""
    return Line(row, UNKNOWN, UNKNOWN, UNKNOWN)


LINES = {
    "/events/<slug:slug>/": public("draft event"),
    "/showings/<int:showing_id>/": public("draft showing"),
    "/orders/<order_code:code>/": on_a_page("order"),
    # A part of an open page, which nobody is to be sent to after logging in.
    "/orders/<order_code:code>/state/": Line("order", FORBIDDEN, UNKNOWN, UNKNOWN),
    "/orders/<order_code:code>/cancel/": on_a_page("order"),
    "/orders/<order_code:code>/event.ics": on_a_page("order"),
    "/orders/<order_code:code>/tickets.pdf": on_a_page("order"),
    "/orders/<order_code:code>/pay/": on_a_page("order"),
    "/orders/<order_code:code>/refund/": on_a_page("order"),
    "/orders/<order_code:code>/refund/quote/": on_a_page("order"),
    "/orders/<order_code:code>/refund/request/": on_a_page("order"),
    "/tickets/<ticket_code:code>/qr.svg": on_a_page("ticket"),
    "/tickets/<ticket_code:code>/ticket.pdf": on_a_page("ticket"),
    "/check-in/<int:showing_id>/": at_a_door(),
    "/check-in/<int:showing_id>/scan/": at_a_door(),
    "/check-in/<int:showing_id>/count/": at_a_door(),
    "/api/v1/events/<slug:slug>/": public("draft event"),
    "/api/v1/showings/<int:id>/": public("draft showing"),
    "/api/v1/showings/<int:id>/seats/": public("draft showing"),
    "/api/v1/orders/<order_code:code>/": in_the_api("order"),
    "/api/v1/orders/<order_code:code>/cancel/": in_the_api("order"),
    "/api/v1/orders/<order_code:code>/tickets/": in_the_api("order"),
    "/api/v1/orders/<order_code:code>/payments/": in_the_api("order"),
    "/api/v1/orders/<order_code:code>/refund-quotes/": in_the_api("order"),
    "/api/v1/orders/<order_code:code>/refunds/": in_the_api("order"),
    "/api/v1/refunds/<int:pk>/": in_the_api("refund"),
    "/api/v1/tickets/<ticket_code:code>/qr.svg": in_the_api("ticket"),
    "/api/v1/tickets/<ticket_code:code>/ticket.pdf": in_the_api("ticket"),
}

# Addresses that name a row and ask nobody who he is, and why that is right.
OPEN = {
    "/payments/<slug:provider_name>/return/": "believed for its signature alone",
    "/payments/<slug:provider_name>/return/<slug:txn_ref>/": "says one word about a reference of "
    "128 random bits, to the browser that has it",
}
