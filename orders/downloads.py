"""Tickets as files, for the API and the pages alike. Whose they are is checked before."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import segno
from django.http import HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from orders.errors import TicketNotValid
from orders.models import Order, Ticket
from orders.ticket_pdf import render_tickets


def qr_code(ticket: Ticket) -> HttpResponse:
    """Its code as a drawing. Raises TicketNotValid: one that lets nobody in has none to scan."""
    if not ticket.lets_in:
        raise TicketNotValid(_("There is no QR code to show at the entrance."))
    # As a file of its own, with its namespace: browsers show no other.
    drawing = BytesIO()
    segno.make(ticket.code, error="m").save(drawing, kind="svg", scale=8, border=4)
    return HttpResponse(
        drawing.getvalue(),
        content_type="image/svg+xml",
        headers={"Cache-Control": "private, no-cache"},  # it may be void by then
    )


def ticket_pdf(ticket: Ticket) -> HttpResponse:
    """One ticket on one page; it comes `with_places`."""
    name = slugify(f"ticket {ticket.order.code} {ticket.row_label} {ticket.seat_number}")
    return _pdf(name, [ticket])


def order_pdf(order: Order) -> HttpResponse:
    """All tickets of an order, a page for each."""
    return _pdf(f"tickets-{order.code}", order.tickets.with_places().order_by("seat_id"))


def _pdf(name: str, tickets: Iterable[Ticket]) -> HttpResponse:
    return HttpResponse(
        render_tickets(tickets),
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}.pdf"',
            "Cache-Control": "private, no-cache",  # it may have been refunded since
        },
    )
