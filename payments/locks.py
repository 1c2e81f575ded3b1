"""What paying and giving back lock, in the one order of locks; what is hot is prepared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jobs.prepared import Lookup
from orders.models import Order, SeatHold
from payments.models import Payment, Reversal
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
# The hold comes from a LATERAL, since FOR UPDATE goes with no min(). Whoever had to wait sees it as
# it was before: it changes with the state of the order alone, which is looked at first.
ATTEMPT = Lookup(
    """
    SELECT {sale}, {attempt}, {hold} FROM payments_payment attempt
    JOIN orders_order sale ON sale.id = attempt.order_id
    LEFT JOIN LATERAL (
        SELECT * FROM orders_seathold WHERE order_id = sale.id AND status = 'active'
        ORDER BY expires_at LIMIT 1
    ) hold ON true
    WHERE attempt.provider = %(provider)s AND attempt.txn_ref = %(txn_ref)s
    FOR UPDATE OF sale, attempt
    """,
    sale=Order,
    attempt=Payment,
    hold=SeatHold,
)

# The casts, since PostgreSQL can't know the type of a value that is NULL.
UNSENT = Lookup(
    """
    SELECT {reversal}, {payment} FROM payments_reversal reversal
    JOIN payments_payment payment ON payment.id = reversal.payment_id
    WHERE reversal.id = ANY(%(ids)s::bigint[]) AND reversal.status = 'created'
        AND (%(due_at)s::timestamptz IS NULL OR reversal.due_at <= %(due_at)s::timestamptz)
    ORDER BY reversal.id FOR UPDATE OF reversal SKIP LOCKED
    """,
    reversal=Reversal,
    payment=Payment,
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
    """Lock the attempt with this reference after its order, and give it with that, if any.

    The order knows when the first of its holds ends.
    """
    found = ATTEMPT.find(provider=provider, txn_ref=txn_ref)
    if found is None:
        return None
    payment: Payment
    order, payment, first_hold = found
    # None, as everything of the hold, where none is active.
    order.holds_until = first_hold.expires_at
    payment.order = order
    return payment


def lock_payment(known: Payment) -> Payment:
    """Lock a payment after its order, and give it as it is by now, with that."""
    order = Order.objects.get_for_update(known.order_id)
    payment = Payment.objects.get_for_update(known.pk)
    payment.order = order
    return payment


def lock_unsent(reversal_ids: Sequence[int], due_at: datetime | None = None) -> list[Reversal]:
    """Lock, and give with its payment, what of these is not told yet and nobody else has locked.

    By ascending id; only what is due at that moment, if one is named.
    """
    reversals = []
    for reversal, payment in UNSENT.find_all(ids=list(reversal_ids), due_at=due_at):
        reversal.payment = payment
        reversals.append(reversal)
    return reversals
