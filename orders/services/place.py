"""Place an order: seats, holds, order and its jobs in one short transaction, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jobs import outbox
from orders import holding, operations
from orders.errors import NotEnoughSeats, SeatsUnavailable, TooManyTickets
from orders.models import Order, SeatHold
from ticketing.errors import DomainError, IdempotencyKeyReused, SalesClosed
from ticketing.models import Area, Event, Showing

# Orders: each frees a place or more, and the buyer waits until all of them are ended.
FREED_AT_ONCE = 50
NO_ROOM = (SeatsUnavailable, NotEnoughSeats, TooManyTickets)  # in the house, or in her limit


@dataclass(frozen=True)
class Wish:
    """What one customer asks for: either `seat_ids`, or `quantity` places of `area`."""

    customer: User
    showing: Showing
    seat_ids: Sequence[int] = ()
    area: Area | None = None
    quantity: int = 0
    idempotency_key: str | None = None
    request_digest: str = ""

    @property
    def count(self) -> int:
        return self.quantity or len(self.seat_ids)


def place_order(
    *,
    customer: User,
    showing: Showing,
    seat_ids: Sequence[int] = (),
    area: Area | None = None,
    quantity: int = 0,
    idempotency_key: str | None = None,
    request_digest: str = "",
) -> Order:
    """Hold seats for a customer until the order expires; a free order is paid at once.

    Either `seat_ids` (distinct, of the showing) or `quantity` places of a general-admission `area`.
    The same `idempotency_key` with the same `request_digest` gives the order made the first time.
    Returns the order with its holds as `shown_holds`.

    Locks the customer's queue, then the seats by ascending id, passing over locked ones; no row
    shared by all buyers. A free order then keeps its event from being closed, beside all others.
    If seats seem taken, or the customer to have too many, overdue orders that never tried to pay
    are ended first, once (design section 5).

    Raises SalesClosed, TooManyTickets, SeatsUnavailable, NotEnoughSeats, IdempotencyKeyReused.
    """
    wish = Wish(customer, showing, seat_ids, area, quantity, idempotency_key, request_digest)
    now = timezone.now()
    placed = _place(wish, now)
    # One look at an index first: of a sold-out house most requests come here, and in vain.
    if isinstance(placed, NO_ROOM) and holding.is_any_overdue(now) and _free_overdue(wish, now):
        placed = _place(wish, now)
    if isinstance(placed, DomainError):
        raise placed
    return placed


@transaction.atomic(durable=True)
def _place(wish: Wish, now: datetime) -> Order | DomainError:
    """The order, new or made by an earlier request, or why there is none.

    A refusal is returned, because nothing was written. Raised, it would end in a rollback, at which
    a connection forgets its prepared statements; and of a hot showing most requests are refused.
    """
    # First: what is read behind it stays true until the commit, since only she herself adds to it.
    operations.queue_customer(wish.customer.pk)
    had, earlier_id = holding.look_back(wish.customer.pk, wish.showing.pk, wish.idempotency_key)
    try:
        if earlier_id:
            return _earlier_answer(earlier_id, wish.request_digest)
        _check_sale(wish.showing, now)
        _check_limits(wish, had)
        order = _hold(wish, now)
    except DomainError as refusal:
        return refusal
    return _follow_up(order, now)


def _earlier_answer(order_id: int, digest: str) -> Order:
    earlier = Order.objects.with_holds().get(pk=order_id)
    IdempotencyKeyReused.check(digest, earlier=earlier.request_digest)
    return earlier


def _follow_up(order: Order, now: datetime) -> Order:
    if order.total_amount == 0:
        _check_still_selling(order)
        operations.confirm(order, by=order.customer, at=now, reason="Nothing is owed.")
        # Read anew: its holds are confirmed by now.
        return Order.objects.with_holds().get(pk=order.pk)
    # Not urgent enough to wake the relay, which takes a query more: it looks by itself.
    outbox.enqueue_together(
        [
            outbox.new_job("orders.expiry_due", run_at=order.expires_at, order_id=order.pk),
            outbox.new_job("orders.placed", run_at=now, order_id=order.pk),
        ]
    )
    return order


def _check_still_selling(order: Order) -> None:
    """Raise SalesClosed if the event was closed after its showing was read.

    Nobody asks again, as for an order that is paid later. So whoever closes the event has done so
    before, or waits and finds the order.
    """
    if Event.objects.hold_open(order.event_id).is_closed:
        raise SalesClosed(_("The event is not selling tickets now."))


def _check_sale(showing: Showing, now: datetime) -> None:
    if showing.is_on_sale(now):
        return
    if not showing.event.is_selling:
        raise SalesClosed(_("The event is not selling tickets now."))
    if now < showing.ticket_sale_start:
        raise SalesClosed(
            _("The sale starts at {moment}.").format(
                moment=showing.local(showing.ticket_sale_start)
            )
        )
    raise SalesClosed(
        _("The sale ended at {moment}.").format(moment=showing.local(showing.last_sale))
    )


def _check_limits(wish: Wish, had: int) -> None:
    most = settings.ORDER_MAX_TICKETS
    if wish.count > most:
        raise TooManyTickets(_("One order can hold {most} tickets.").format(most=most))
    most = settings.CUSTOMER_MAX_TICKETS_PER_SHOWING
    if had + wish.count > most:
        raise TooManyTickets(
            _(
                "One customer can have {most} tickets for a showing. You have {had}, "
                "orders waiting for payment included."
            ).format(most=most, had=had)
        )


def _hold(wish: Wish, now: datetime) -> Order:
    order = Order(
        customer=wish.customer,
        event=wish.showing.event,
        showing=wish.showing,
        email=wish.customer.email,
        language=get_language() or settings.LANGUAGE_CODE,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.ORDER_TTL_SECONDS),
        idempotency_key=wish.idempotency_key,
        request_digest=wish.request_digest,
    )
    cast("Any", order).shown_holds = (
        holding.hold_places(order, wish.area, wish.quantity)
        if wish.area
        else holding.hold_seats(order, wish.seat_ids)
    )
    return order


@transaction.atomic(durable=True)
def _free_overdue(wish: Wish, now: datetime) -> bool:
    """End overdue orders that never tried to pay; say if there were any.

    The customer's own, which count against her limit, and what sits on the wished seats.
    Locks these orders, passing over locked ones, then their seats.
    """
    wished = Q(seat__area=wish.area) if wish.area else Q(seat__in=wish.seat_ids)
    sitting = SeatHold.objects.active().filter(wished, order=OuterRef("pk"))
    # Never those that somebody tried to pay: their money may be on its way.
    overdue = Order.objects.overdue(now).never_tried_to_pay().filter(showing=wish.showing)
    untried = overdue.order_by("pk").select_for_update(skip_locked=True)
    own = untried.filter(customer=wish.customer)
    others = untried.exclude(customer=wish.customer).filter(Exists(sitting))
    orders = [*own, *others[:FREED_AT_ONCE]]
    operations.expire(orders, at=now, reason="Nobody tried to pay in time; its seats were wanted.")
    return bool(orders)
