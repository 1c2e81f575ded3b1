"""What starting and recording a payment lock, in the one order of locks, prepared."""

from __future__ import annotations

from jobs.prepared import Lookup
from orders.models import Order
from payments.models import Payment
from ticketing.models import Event

ORDER = Lookup(
    """
    SELECT {sale}, {event} FROM orders_order sale
    JOIN ticketing_event event ON event.id = sale.event_id
    WHERE sale.id = %(order)s FOR UPDATE OF sale
    """,
    sale=Order,
    event=Event,
)

# PostgreSQL locks the rows in the order in which their tables are named behind OF.
ATTEMPT = Lookup(
    """
    SELECT {sale}, {attempt} FROM payments_payment attempt
    JOIN orders_order sale ON sale.id = attempt.order_id
    WHERE attempt.provider = %(provider)s AND attempt.txn_ref = %(txn_ref)s
    FOR UPDATE OF sale, attempt
    """,
    sale=Order,
    attempt=Payment,
)


def lock_order(order_id: int) -> Order:
    """Lock this order, which must exist, until the transaction ends; it comes with its event."""
    found = ORDER.find(order=order_id)
    if found is None:
        raise Order.DoesNotExist(f"There is no order {order_id}.")
    order: Order
    order, order.event = found
    return order


def lock_attempt(provider: str, txn_ref: str) -> Payment | None:
    """Lock the attempt with this reference after its order, and give it with that, if any."""
    found = ATTEMPT.find(provider=provider, txn_ref=txn_ref)
    if found is None:
        return None
    payment: Payment
    order, payment = found
    payment.order = order
    return payment
