"""Cancel an order that nobody has paid: its customer, or staff on behalf of the customer."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from orders import operations
from orders.errors import BEING_SETTLED, OrderNotCancellable
from orders.models import Order
from ticketing.roles import CANCEL_ORDER, require


@transaction.atomic(durable=True)
def cancel_order(*, order_id: int, by: User) -> Order:
    """Give the seats of an unpaid order back at once. Repeating it changes nothing.

    Locks order, then its seats. Money that still arrives is late money and goes back.
    Raises OrderNotCancellable once the order is paid, failed or expired, and while it is overdue
    with an attempt to pay: money may be here that only waits to be settled.
    """
    order = Order.objects.get_for_update(order_id)
    if order.status == Order.Status.CANCELLED:
        return order
    now = timezone.now()
    _check_cancellable(order, now)
    operations.cancel([order], by=by, at=now, reason="The customer cancelled it.")
    return order


@transaction.atomic(durable=True)
def cancel_for_customer(*, order_id: int, by: User, reason: str) -> Order:
    """Give the seats of an unpaid order back at once, as staff; `reason` is told to the customer.

    Locks order, then its seats. Raises NotAllowed, what `cancel_order` raises, and
    OrderNotCancellable for an order that is cancelled already, or once somebody has begun to pay:
    only the customer knows whether the money is on its way, so it is left to be settled.
    """
    order = Order.objects.get_for_update(order_id)
    require(by, CANCEL_ORDER, order.event, _("Ask the organizer of the event, or an admin."))
    now = timezone.now()
    _check_cancellable(order, now)
    if order.payment_started_at:
        raise OrderNotCancellable(
            _(
                "The customer has begun to pay, and the money may be on its way. If none comes, "
                "the order ends by itself at {moment}."
            ).format(moment=order.showing.local(order.expires_at))
        )
    operations.cancel([order], by=by, at=now, reason=reason.strip())
    return order


def _check_cancellable(order: Order, now: datetime) -> None:
    if not can_proceed(order.cancel):
        raise OrderNotCancellable(
            _("The order is {status}.").format(status=order.get_status_display())
        )
    if order.is_being_settled(now):
        raise OrderNotCancellable(BEING_SETTLED)
