"""Settle an order whose time is up: ask about every open attempt, then decide under locks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs.stopping import SLICE_SECONDS, for_a_while
from orders.models import Order
from orders.operations import confirm, end_unpaid
from orders.services import expire_untried
from payments.locks import lock_payment
from payments.models import CaseKind, Channel, Payment, PaymentStatus
from payments.models.payment import OPEN
from payments.operations.cases import open_case
from payments.operations.results import NEVER_HEARD_OF, Moment, apply_result
from payments.providers import Result, get_provider
from payments.services.ask import ask

logger = logging.getLogger(__name__)

# A silent provider is waited for anew with each of many attempts. After a whole slice of a sweep
# the last question still ends within a job's lease.
ASKING_SECONDS = SLICE_SECONDS / 2
# Nobody waits as long for a provider: who has asked before that has the answer, or none.
ANSWERED_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Settled:
    """How a sweep went: orders settled, orders that wait for the provider, errors by order id."""

    settled: int
    waiting: int
    failed: dict[int, str]


def settle_order(*, order_id: int, seconds: float = ASKING_SECONDS) -> datetime | None:
    """Make an overdue order paid, failed or expired, and free its seats unless it is paid.

    Asks the provider outside any transaction, for about so many seconds, and about the rest of many
    attempts the next time; then locks order, payments by ascending id, seats.
    Without an answer the seats stay held and the time to ask again is returned, up to
    `SETTLE_GRACE_SECONDS` after the deadline; then, once more about every attempt. If that gives no
    answer, and none to somebody else is on its way, the order expires and a case is opened.
    Returns None once there is nothing left to do. Safe to repeat, and beside any callback.
    """
    order = Order.objects.get(pk=order_id)
    if order.status != Order.Status.PENDING_PAYMENT:
        return _decide(order_id, now=timezone.now(), answered=set())
    first = _first_question(order)
    if timezone.now() < first:
        return first
    answered = set()
    # Those first that there was no time for the last time.
    in_turn = order.payments.open().order_by(F("queried_at").asc(nulls_first=True), "pk")
    for payment in for_a_while(in_turn, seconds):
        answer = ask(payment, now=timezone.now())
        if answer is not None:
            answered.add(payment.pk)
            _record(payment, *answer)
    return _decide(order_id, now=timezone.now(), answered=answered)


def settle_overdue_orders(*, limit: int, seconds: float | None = None) -> Settled:
    """Settle at most `limit` orders whose time is up, for about that long; longest overdue first.

    Those that nobody tried to pay end together; the provider is asked about each of the others.
    One that fails does not stop the others; it is logged and counted.
    """
    settled, waiting = _expire_untried(limit), 0
    failed: dict[int, str] = {}
    overdue = Order.objects.overdue(timezone.now()).order_by("expires_at")
    due = list(overdue.values_list("pk", flat=True)[: limit - settled])
    for order_id in for_a_while(due, seconds):
        try:
            again_at = settle_order(order_id=order_id)
        except Exception as error:
            logger.exception("Order %s can't be settled.", order_id)
            failed[order_id] = f"{type(error).__name__}: {error}"
            continue
        settled += again_at is None
        waiting += again_at is not None
    return Settled(settled, waiting, failed)


def _expire_untried(limit: int) -> int:
    try:
        return expire_untried(limit=limit)
    except Exception:
        logger.exception("Orders can't be expired together; trying each on its own.")
        return 0


def _first_question(order: Order) -> datetime:
    """When asking makes sense: "not found" is final only some time after the pay link's end."""
    margins = [get_provider(name).not_found_margin for name in _open_providers(order)]
    return order.expires_at + max(margins, default=timedelta(0))


def _open_providers(order: Order) -> list[str]:
    return list(order.payments.open().values_list("provider", flat=True).distinct())


@transaction.atomic(durable=True)
def _record(asked: Payment, result: Result, at: datetime) -> None:
    moment = Moment(at=at, channel=Channel.QUERY, is_settled_next=True)
    apply_result(lock_payment(asked), result, moment)


@transaction.atomic(durable=True)
def _decide(order_id: int, *, now: datetime, answered: set[int]) -> datetime | None:
    order = Order.objects.get_for_update(order_id)
    if order.status != Order.Status.PENDING_PAYMENT:
        _owe_unused(order, now)
        return None
    payments = order.payments.lock()
    captured = [payment for payment in payments if payment.status == PaymentStatus.CAPTURED]
    open_ones = [payment for payment in payments if payment.status in OPEN]
    # Money that is here pays for the seats that are still held, whatever becomes of the others.
    if captured:
        _fulfil(order, captured, now)
    elif not all(_was_asked_at_last(each, order, answered, now) for each in open_ones):
        return _next_question(order, now)
    else:
        _give_up(order, payments, open_ones, now)
    return None


def _owe_unused(order: Order, now: datetime) -> None:
    """Open a case for money that waited to be settled while its order ended or another paid it.

    Two clocks may differ: one finds a payment overdue, and the other takes a second one in time.
    """
    kind, unused = CaseKind.LATE, order.payments.kept().lock()
    if order.is_settled_as_paid:
        unused.sort(key=lambda payment: payment.paid_at != order.paid_at)  # that one has paid it
        kind, unused = CaseKind.DUPLICATE, unused[1:]
    for payment in unused:
        open_case(kind, payment, payment.amount, now, owed=payment.amount)


def _fulfil(order: Order, captured: list[Payment], now: datetime) -> None:
    """The money came in time or before its seats were freed: the first one pays the order."""
    confirm(
        order, by=None, at=now, reason=f"{captured[0]} was captured before its seats were freed."
    )
    for second in captured[1:]:
        open_case(CaseKind.DUPLICATE, second, second.amount, now, owed=second.amount)


def _give_up(
    order: Order, payments: list[Payment], unanswered: list[Payment], now: datetime
) -> None:
    if not unanswered and any(_was_refused(payment) for payment in payments):
        order.fail(by=None, at=now, reason="Time is up and every attempt to pay was refused.")
    else:
        order.expire(by=None, at=now, reason="Time is up and nobody paid.")
    end_unpaid([order], at=now)
    for payment in unanswered:
        logger.error("Order %s expired and %s is still unknown.", order, payment)
        open_case(CaseKind.ORPHANED, payment, payment.amount, now)


def _was_refused(payment: Payment) -> bool:
    """Whether the provider tried to take the money, not just never heard of the attempt."""
    return payment.provider_code != NEVER_HEARD_OF


def _was_asked_at_last(payment: Payment, order: Order, answered: set[int], now: datetime) -> bool:
    """Whether it was asked about since the grace, and others await no answer any more."""
    if payment.queried_at is None or payment.queried_at < _end_of_grace(order):
        return False
    return payment.pk in answered or payment.queried_at <= now - ANSWERED_WITHIN


def _end_of_grace(order: Order) -> datetime:
    return order.expires_at + timedelta(seconds=settings.SETTLE_GRACE_SECONDS)


def _next_question(order: Order, now: datetime) -> datetime:
    """Wait as long again as it is overdue, within what the provider bears and the grace allows."""
    interval = max(get_provider(name).query_interval for name in _open_providers(order))
    wished = now + max(interval, now - order.expires_at)
    # Not at once, either: behind the end of the grace, others may still await an answer.
    return max(min(wished, _end_of_grace(order)), now + min(interval, timedelta(minutes=1)))
