"""Send the tickets of an order once more, to whoever bought them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs import outbox
from orders.errors import NoTicketsToSend
from orders.models import Order
from ticketing.roles import RESEND_TICKETS, require
from ticketing.transition_log import note


@transaction.atomic(durable=True)
def resend_tickets(*, order_id: int, by: User) -> Order:
    """Have the tickets mailed again, to the address of the order and no other.

    Each call sends one mail and leaves one row in the log. Locks the order.
    Raises NotAllowed, or NoTicketsToSend if it has none that let anybody in.
    """
    order = Order.objects.get_for_update(order_id)
    require(by, RESEND_TICKETS, order.event, _("Ask support or the organizer of the event."))
    if not order.lets_somebody_in:
        raise NoTicketsToSend(_("This order has no ticket that lets anybody in."))
    now = timezone.now()
    # The row of the log names the occasion: of mails with the same key only the first is sent.
    told = note(order, "resend_tickets", by=by, at=now, reason="The tickets are sent once more.")
    outbox.enqueue("orders.tickets_wanted", run_at=now, order_id=order.pk, request_id=told.pk)
    return order
