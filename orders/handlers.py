"""What orders do later."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import send_mail
from django.utils.translation import gettext as _

from jobs.outbox import handles
from orders.models import Order


@handles("orders.paid")
def mail_tickets(*, order_id: int) -> None:
    """Tell the customer that the tickets are there. A repeat after a crash mails twice."""
    order = Order.objects.select_related("event", "showing").get(pk=order_id)
    seats = "\n".join(
        f"{ticket.area_name} {ticket.row_label} {ticket.seat_number}: {ticket.code}"
        for ticket in order.tickets.order_by("seat_id")
    )
    starts_at = order.showing.starts_at.astimezone(order.showing.zone)
    send_mail(
        _("Your tickets for {event}").format(event=order.event.title),
        _(
            "Thank you. Order {code} is paid.\n\n{event}, {starts_at}\n\n{seats}\n\n"
            "Your tickets with their QR codes: {url}"
        ).format(
            code=order.code,
            event=order.event.title,
            starts_at=f"{starts_at:%Y-%m-%d %H:%M} ({order.showing.time_zone})",
            seats=seats,
            url=f"{settings.PUBLIC_URL}/api/v1/orders/{order.code}/tickets/",
        ),
        settings.DEFAULT_FROM_EMAIL,
        [order.email],
    )
