"""Steps inside somebody's transaction. Each says which locks its caller must hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from jobs import outbox
from jobs.prepared import fetch_all
from jobs.writing import insert, together
from orders.errors import RefundTooLarge
from orders.models import Order, SeatHold, Ticket, TicketQuerySet
from orders.selling import SoldPlace, sell_places
from ticketing.models import Event, Seat

# 7001 is the advisory-lock namespace of "one order at a time for each customer".
QUEUE = "SELECT pg_advisory_xact_lock(7001, %(queue)s::integer)"


def queue_customer(customer_id: int) -> None:
    """Let one order of a customer through at a time, so that limits and keys hold in parallel.

    No row is locked and nobody else waits; the lock goes with the transaction.
    """
    fetch_all(QUEUE, {"queue": customer_id % 2**31})


def confirm(order: Order, *, by: User | None, at: datetime, reason: str) -> None:
    """Turn a pending order's holds into tickets. The caller holds the order's lock.

    The relay finds the job of their mail at its next look: waking it would be a query more.
    """
    order.pay(by=by, at=at, reason=reason)
    insert([_ticket(order, place, at) for place in sell_places(order)])
    outbox.enqueue_together([outbox.new_job("orders.paid", run_at=at, order_id=order.pk)])


def expire(orders: Sequence[Order], *, at: datetime, reason: str) -> None:
    """End unpaid orders whose time is up and free their seats. The caller holds their locks."""
    with together():
        for order in orders:
            order.expire(by=None, at=at, reason=reason)
    end_unpaid(orders, at=at)


def cancel(orders: Sequence[Order], *, by: User | None, at: datetime, reason: str) -> None:
    """Call unpaid orders off and free their seats. The caller holds their locks."""
    with together():
        for order in orders:
            order.cancel(by=by, at=at, reason=reason)
    end_unpaid(orders, at=at)


def end_unpaid(orders: Sequence[Order], *, at: datetime) -> None:
    """Save orders that just failed, expired or were cancelled, all alike, and free their seats.

    Takes the same few statements for one order and for a thousand. Locks the seats, in no special
    order: nobody else waits for seats that are held but the owner of their order's lock, which the
    caller holds.
    """
    if not orders:
        return
    (status,) = {order.status for order in orders}
    ids = [order.pk for order in orders]
    Order.objects.filter(pk__in=ids).update(status=status)
    holds = SeatHold.objects.filter(order__in=ids)
    seat_ids = list(holds.active().values_list("seat_id", flat=True))
    _all_moved(holds.release(), len(seat_ids))
    _all_moved(Seat.objects.filter(pk__in=seat_ids).release(), len(seat_ids))
    outbox.enqueue_together(
        [outbox.new_job("orders.ended", run_at=at, order_id=order.pk) for order in orders]
    )
    transaction.on_commit(outbox.wake_relay, robust=True)


def reserve_refund(
    order: Order, tickets: Sequence[Ticket], amount: Decimal, *, at: datetime
) -> None:
    """Set money aside to go back; from here on the tickets let nobody in.

    The caller holds the locks of the order and the tickets. Raises RefundTooLarge when more would
    go back than was paid.
    """
    if amount > order.refundable_amount:
        raise RefundTooLarge(
            _("Only {left} of {total} can still be refunded; {amount} is too much.").format(
                left=order.price_tag(order.refundable_amount),
                total=order.price_tag(order.total_amount),
                amount=order.price_tag(amount),
            )
        )
    order.refund_reserved_amount += amount
    order.save(update_fields=["refund_reserved_amount"])
    _tickets(tickets).update(refund_approved_at=at)


def undo_reserved_refund(order: Order, tickets: Sequence[Ticket], amount: Decimal) -> None:
    """Set the money free again and let the tickets in: it does not go back after all.

    The caller holds the locks of the order and the tickets.
    """
    order.refund_reserved_amount -= amount
    order.save(update_fields=["refund_reserved_amount"])
    _tickets(tickets).update(refund_approved_at=None)


def refund(
    order: Order,
    tickets: Sequence[Ticket],
    amount: Decimal,
    *,
    by: User | None,
    at: datetime,
    reason: str,
) -> None:
    """Record that reserved money is back: tickets refunded, their seats for sale again.

    An order that is refunded already stays so: what is left to record has no amount and no ticket.
    Seats of a cancelled event or a past showing stay as they are. Locks the seats; the caller holds
    the locks of the order and the tickets.
    """
    order.refund_reserved_amount -= amount
    order.refunded_amount += amount
    with together():
        for ticket in tickets:
            ticket.refund(by=by, at=at, reason=reason)
    _tickets(tickets).update(status=Ticket.Status.REFUNDED)
    if order.status != Order.Status.REFUNDED:
        is_all = not order.tickets.live().exists() and order.refunded_amount == order.total_amount
        move = order.refund if is_all else order.refund_partly
        move(by=by, at=at, reason=reason)
    order.save(update_fields=["status", "refunded_amount", "refund_reserved_amount"])
    if order.event.status != Event.Status.CANCELLED and at < order.showing.ends_at:
        _return_seats(order, tickets)


def _return_seats(order: Order, tickets: Sequence[Ticket]) -> None:
    seat_ids = sorted(ticket.seat_id for ticket in tickets)
    if not seat_ids:
        return
    _all_moved(order.holds.filter(seat__in=seat_ids).release_sold(), len(seat_ids))
    _all_moved(Seat.objects.filter(pk__in=seat_ids).return_sold(), len(seat_ids))


def _tickets(tickets: Sequence[Ticket]) -> TicketQuerySet:
    return Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets])


def _all_moved(moved: int, expected: int) -> None:
    # Under the locks this can't happen; if it does, nothing may be kept of the transaction.
    if moved != expected or not expected:
        raise RuntimeError(f"{moved} of {expected} seats or holds were in the expected state.")


def _ticket(order: Order, place: SoldPlace, at: datetime) -> Ticket:
    return Ticket(
        order_id=order.pk,
        showing_id=order.showing_id,
        event_id=order.event_id,
        issued_at=at,
        **vars(place),
    )
