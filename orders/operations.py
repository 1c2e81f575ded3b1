"""Steps inside somebody's transaction. Each says which locks its caller must hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.translation import gettext as _

from jobs import outbox
from jobs.prepared import fetch_all
from jobs.writing import insert, save_together, together
from orders.errors import RefundTooLarge
from orders.models import Order, OrderQuerySet, SeatHold, Ticket, TicketQuerySet
from orders.selling import SoldPlace, sell_places
from ticketing.dates_news import announce_to
from ticketing.event_changes import is_put_off
from ticketing.models import Event, FraudStatus, Seat

# 7001 is the advisory-lock namespace of "one order at a time for each customer". The key beside it
# has 32 bits, hence the rest below: two customers who share it wait for each other and no more.
QUEUE = "SELECT pg_advisory_xact_lock(7001, %(queue)s::integer)"


def queue_customer(customer_id: int) -> None:
    """Let one order of a customer through at a time, so that limits and keys hold in parallel.

    No row is locked and nobody else waits; the lock goes with the transaction.
    """
    fetch_all(QUEUE, {"queue": customer_id % 2**31})


def confirm(order: Order, *, by: User | None, at: datetime, reason: str) -> None:
    """Turn a pending order's holds into tickets. The caller holds its lock; locks the seats.

    The relay finds the job of their mail at its next look: waking it would be a query more.
    """
    # In memory and for the log: the statement that sells the places saves the order, too.
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
    # Read before the holds are released: afterwards nothing tells those from earlier ones.
    seat_ids = list(holds.active().values_list("seat_id", flat=True))
    _all_moved(holds.release(), len(seat_ids))
    _all_moved(Seat.objects.filter(pk__in=seat_ids).release(), len(seat_ids))
    outbox.enqueue_due(
        [outbox.new_job("orders.ended", run_at=at, order_id=order.pk) for order in orders]
    )


class Share(NamedTuple):
    """Some of an order's money that goes back, and the tickets that go with it.

    `why` is what the log says of it. Several shares of one order name the same instance of it.
    """

    order: Order
    tickets: Sequence[Ticket]
    amount: Decimal
    why: str = ""


def readmit(orders: OrderQuerySet, *, used_before: Mapping[int, datetime], at: datetime) -> None:
    """Have tickets of these orders let somebody in again that were used for another date.

    `used_before` are the showings that had another one, each with the moment until which. Locks the
    orders that have such tickets, then the tickets. Safe to repeat.
    """
    other = [Q(showing=pk, used_at__lt=moment) for pk, moment in used_before.items()]
    if not other:
        return
    used = Ticket.objects.used_for_another_date().filter(reduce(or_, other))
    found = used.filter(order__in=orders.values("pk")).values_list("order_id", flat=True)
    locked = Order.objects.filter(pk__in=set(found)).lock()
    # Asked once more, under the locks: since it was read, a refund may have taken one of them.
    tickets = used.filter(order__in=locked).lock()
    with together():
        for ticket in tickets:
            ticket.readmit(by=None, at=at, reason="It takes place on another date.")
        save_together(tickets, "status", "used_at", "used_by_scan")


def reserve_refunds(shares: Sequence[Share], *, at: datetime) -> None:
    """Set money aside to go back; from here on the tickets let nobody in, if they did until now.

    The caller holds the locks of the orders and the tickets. Raises RefundTooLarge when more would
    go back than was paid.
    """
    # One after the other, and not set-wise: several shares of an order add up.
    for share in shares:
        _check_left(share.order, share.amount)
        share.order.refund_reserved_amount += share.amount
    save_together(_orders(shares), "refund_reserved_amount")
    _tickets(shares).filter(refund_approved_at=None).update(refund_approved_at=at)


def undo_reserved_refund(
    order: Order, tickets: Sequence[Ticket], amount: Decimal, *, at: datetime
) -> None:
    """Set the money free again and let the tickets in: it does not go back after all.

    What became of their date since they were to go back is told now. The caller holds the locks of
    the order and the tickets.
    """
    order.refund_reserved_amount -= amount
    order.save(update_fields=["refund_reserved_amount"])
    since = min((each.refund_approved_at or at for each in tickets), default=at)
    _tickets([Share(order, tickets, amount)]).update(refund_approved_at=None)
    # What came before reached them. It must not be repeated: that it was told is known for a month.
    announce_to(order.pk, order.event_id, since=since, at=at)
    # Nor did they hear that their event was cleared: at that time the tickets were not good.
    if order.event.fraud_status != FraudStatus.NONE:
        outbox.enqueue("ticketing.event_cleared", run_at=at, event_id=order.event_id, only=order.pk)


def refund(shares: Sequence[Share], *, by: User | None, at: datetime) -> None:
    """Record that reserved money is back: tickets refunded, their seats for sale again.

    An order that is refunded already stays so: what is left to record has no amount and no ticket.
    Seats of a cancelled event or a past showing stay as they are; a postponed one is not past.
    Locks the seats; the caller holds the locks of the orders and the tickets.
    """
    with together():
        for order, tickets, amount, why in shares:
            order.refund_reserved_amount -= amount
            order.refunded_amount += amount
            for ticket in tickets:
                ticket.refund(by=by, at=at, reason=why)
        # Not at the end of the block: `_move_refunded` looks for the tickets that are left.
        _tickets(shares).update(status=Ticket.Status.REFUNDED)
        _move_refunded(shares, by=by, at=at)
        save_together(_orders(shares), "status", "refunded_amount", "refund_reserved_amount")
    _return_seats([share for share in shares if _is_for_sale_again(share.order, at)])


def _move_refunded(shares: Sequence[Share], *, by: User | None, at: datetime) -> None:
    live = Ticket.objects.live().filter(order__in=_orders(shares))
    with_tickets = set(live.values_list("order_id", flat=True))
    for order, tickets, amount, why in shares:
        if order.status == Order.Status.REFUNDED or not (tickets or amount):
            continue
        # Both: money is left where tickets went back at 80 %, and tickets where those of 0 VND are
        # left.
        is_all = order.pk not in with_tickets and order.refunded_amount == order.total_amount
        move = order.refund if is_all else order.refund_partly
        move(by=by, at=at, reason=why)


def _is_for_sale_again(order: Order, at: datetime) -> bool:
    if order.event.status == Event.Status.CANCELLED:
        return False
    # Whatever the old date of one that was put off, it gets another one.
    return at < order.showing.ends_at or is_put_off(order.event, order.showing)


def _return_seats(shares: Sequence[Share]) -> None:
    seat_ids = [ticket.seat_id for share in shares for ticket in share.tickets]
    if not seat_ids:
        return
    holds = SeatHold.objects.filter(order__in=_orders(shares), seat__in=seat_ids)
    _all_moved(holds.release_sold(), len(seat_ids))
    _all_moved(Seat.objects.filter(pk__in=seat_ids).return_sold(), len(seat_ids))


def _check_left(order: Order, amount: Decimal) -> None:
    if amount > order.refundable_amount:
        raise RefundTooLarge(
            _("Only {left} of {total} can still be refunded; {amount} is too much.").format(
                left=order.price_tag(order.refundable_amount),
                total=order.price_tag(order.total_amount),
                amount=order.price_tag(amount),
            )
        )


def _orders(shares: Sequence[Share]) -> list[Order]:
    """Each of them once."""
    return list({share.order.pk: share.order for share in shares}.values())


def _tickets(shares: Sequence[Share]) -> TicketQuerySet:
    ids = [ticket.pk for share in shares for ticket in share.tickets]
    return Ticket.objects.filter(pk__in=ids)


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
