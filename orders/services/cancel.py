"""Cancel an order that nobody has paid."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from orders import operations
from orders.errors import OrderNotCancellable
from orders.models import Order


@transaction.atomic(durable=True)
def cancel_order(*, order_id: int, by: User) -> Order:
    """Give the seats of an unpaid order back at once. Repeating it changes nothing.

    Locks order, then seats by ascending id. Money that still arrives is late money and goes back.
    Raises OrderNotCancellable once the order is paid, failed or expired, and while it is overdue
    with an attempt to pay: money may be here that only waits to be settled.
    """
    order = Order.objects.get_for_update(order_id)
    if order.status == Order.Status.CANCELLED:
        return order
    if not can_proceed(order.cancel):
        raise OrderNotCancellable(
            _("The order is {status}.").format(status=order.get_status_display())
        )
    now = timezone.now()
    if order.payment_started_at and order.expires_at <= now:
        raise OrderNotCancellable(
            _("Its time is up. We are checking whether it was paid; its seats are free if not.")
        )
    operations.cancel([order], by=by, at=now, reason="The customer cancelled it.")
    return order
