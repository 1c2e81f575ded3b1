"""Carry reversals out at their providers: told once, and followed until their end is known."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django_fsm import can_proceed

from orders.models import Order
from payments.models import Channel, Payment, Reversal, ReversalStatus
from payments.operations.cases import open_case_of_contradicted_reversal
from payments.operations.results import Moment, apply_result
from payments.operations.reversals import (
    ask_a_person,
    follow,
    is_contradicted,
    may_be_forgotten,
)
from payments.providers import Outcome, Provider, RefundAnswer, RefundState, Result, get_provider
from payments.services.ask import ask
from payments.services.messages import log_message, storable

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # no call takes that long, so whoever is silent after it is gone
SILENCE = 5  # calls in a row without an answer, then a provider is tried with one at a time
DENIALS = 3  # answers that know of no refund, then a person decides
SILENCE_PATIENCE = timedelta(hours=24)
PROCESSING_PATIENCE = timedelta(days=15)
LONGEST_WAIT = timedelta(hours=6)
A_DAY = timedelta(days=1)
PROBE_LOCKS = 7002  # the advisory-lock namespace of "one probe of a silent provider at a time"


def due_reversals(now: datetime, limit: int) -> list[int]:
    """Ids of reversals to be advanced, longest due first. Any number of callers may share them."""
    due = Reversal.objects.due(now).order_by("due_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def advance_due_reversals(*, limit: int, overdue_by: timedelta = timedelta(0)) -> int:
    """Advance at most `limit` reversals, each on its own; how many failed with a logged error."""
    failed = 0
    for reversal_id in due_reversals(timezone.now() - overdue_by, limit):
        try:
            advance_reversal(reversal_id)
        except Exception:
            logger.exception("Reversal %s can't be advanced.", reversal_id)
            failed += 1
    return failed


def advance_reversal(reversal_id: int) -> datetime | None:
    """Take a reversal one step further: send it, or ask what became of it.

    Returns when to come back, None once it has ended or waits for a person. The provider is told
    once only: whoever finds a reversal sent and nobody waiting for its answer asks instead. Calls
    run outside any transaction; before and after them order, payment and reversal are locked.
    Safe to repeat, and beside others: one of them takes the step.
    """
    now = timezone.now()
    if not _claim(reversal_id, now):
        return _due_at(reversal_id)
    reversal = Reversal.objects.select_related("payment").get(pk=reversal_id)
    if reversal.status == ReversalStatus.CREATED and may_be_forgotten(reversal.payment):
        return _ask_first(reversal, now)
    if reversal.status == ReversalStatus.CREATED:
        return _send(reversal_id, now)
    if reversal.status == ReversalStatus.SENT:
        return _doubt(reversal_id, now)
    return _check(reversal, now)


def _claim(reversal_id: int, now: datetime) -> bool:
    """Take the right to the next step. A rival's claim is seen: the row itself is compared."""
    return Reversal.objects.due(now).filter(pk=reversal_id).update(due_at=now + LEASE) == 1


def _due_at(reversal_id: int) -> datetime | None:
    return Reversal.objects.values_list("due_at", flat=True).get(pk=reversal_id)


def _ask_first(reversal: Reversal, now: datetime) -> datetime | None:
    """Send it if nothing of its payment has gone back by the provider's word; else wait."""
    answer = ask(reversal.payment, now=now)
    if answer is None:
        return _come_back(reversal, now)
    result, at = answer
    if result.outcome is Outcome.PAID and result.refund is None:
        return _send(reversal.pk, at)
    return _hold(reversal.pk, result, at)


@transaction.atomic(durable=True)
def _hold(reversal_id: int, result: Result, at: datetime) -> datetime | None:
    """Leave it to a person, or ask again if the provider was silent. Locks as `_record_word`."""
    payment = _lock_payment(reversal_id)
    apply_result(payment.order, payment, result, Moment(at, Channel.QUERY, was_captured=True))
    reversal = Reversal.objects.get_for_update(reversal_id)
    if reversal.status == ReversalStatus.CREATED:
        _wait_unsent(reversal, get_provider(reversal.provider), at)
    if reversal.status == ReversalStatus.CREATED and result.refund:
        reversal.due_at = None
        ask_a_person(reversal, at=at)
    reversal.save()
    return reversal.due_at


def _send(reversal_id: int, now: datetime) -> datetime | None:
    reversal = _mark_sent(reversal_id, now)
    if reversal is None:
        return _due_at(reversal_id)
    provider = get_provider(reversal.provider)
    answer = provider.refund(reversal.request)
    at = timezone.now()
    ref = reversal.payment.txn_ref
    log_message(provider, Channel.ANSWER, answer.received, txn_ref=ref, at=at)
    return _record_answer(reversal_id, answer, at)


@transaction.atomic(durable=True)
def _mark_sent(reversal_id: int, now: datetime) -> Reversal | None:
    """Commit what is about to be sent; None if it is not to be sent now. Locks the reversal."""
    reversal = Reversal.objects.get_for_update(reversal_id)
    provider = get_provider(reversal.provider)
    if reversal.status != ReversalStatus.CREATED:
        return None
    if _is_held_back(provider, now):
        _wait_unsent(reversal, provider, now)
        reversal.save()
        return None
    request = provider.refund_request(reversal, now)
    reversal.send(by=None, at=now, reason="The provider is told.", request=request)
    reversal.due_at = now + LEASE
    reversal.save()
    log_message(provider, Channel.REFUND, request, txn_ref=reversal.payment.txn_ref, at=now)
    return reversal


def _is_held_back(provider: Provider, now: datetime) -> bool:
    """Whether a provider that has been silent for several calls was tried a moment ago.

    So an outage leaves as many reversals unknown as it takes to notice, and one each interval. Of
    several callers at the same moment, one makes the trial: an advisory lock until the commit.
    """
    calls = Reversal.objects.calls(provider.name)
    ended = calls.filter(was_answered__isnull=False).values_list("was_answered", flat=True)
    latest = list(ended[:SILENCE])
    if len(latest) < SILENCE or any(latest):
        return False
    with connection.cursor() as cursor:
        lock = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"
        cursor.execute(lock, [PROBE_LOCKS, provider.name])
    return calls.filter(called_at__gt=now - provider.query_interval).exists()


def _wait_unsent(reversal: Reversal, provider: Provider, at: datetime) -> None:
    reversal.due_at = at + provider.query_interval
    if at - reversal.created_at >= SILENCE_PATIENCE:
        ask_a_person(reversal, at=at)


@transaction.atomic(durable=True)
def _doubt(reversal_id: int, now: datetime) -> datetime | None:
    """Nobody waits for the answer any more: a crash came between. Locks the reversal."""
    reversal = Reversal.objects.get_for_update(reversal_id)
    if can_proceed(reversal.doubt):
        reversal.doubt(by=None, at=now, reason="The answer was lost with whoever waited for it.")
        reversal.due_at = _first_check(reversal, now)
        reversal.save()
    return reversal.due_at


def _first_check(reversal: Reversal, at: datetime) -> datetime:
    assert reversal.sent_at is not None
    return max(at, reversal.sent_at + get_provider(reversal.provider).query_interval)


@transaction.atomic(durable=True)
def _record_answer(reversal_id: int, answer: RefundAnswer, at: datetime) -> datetime | None:
    """Do what the answer to the call says. Locks order, payment, reversal."""
    _lock_payment(reversal_id)
    reversal = Reversal.objects.get_for_update(reversal_id)
    provider = get_provider(reversal.provider)
    _keep(reversal, answer, storable(provider, answer.received))
    if answer.state is RefundState.NOT_SENT:
        _take_back(reversal, provider, at)
    elif answer.state is RefundState.UNKNOWN:
        _leave_open(reversal, answer, at)
    elif answer.takes_partial and can_proceed(reversal.retry_as_partial):
        reversal.retry_as_partial(
            by=None, at=at, reason=f"Refused with {_told(answer)}: now as a partial."
        )
        reversal.due_at = at
    else:
        _believe(reversal, answer, at)
    reversal.save()
    return reversal.due_at


def _keep(reversal: Reversal, answer: RefundAnswer, received: dict[str, object]) -> None:
    reversal.was_answered = bool(answer.code)
    reversal.provider_code, reversal.provider_message = answer.code, answer.message
    reversal.provider_answer = received
    reversal.provider_transaction_no = reversal.provider_transaction_no or answer.transaction_no


def _take_back(reversal: Reversal, provider: Provider, at: datetime) -> None:
    if can_proceed(reversal.return_unsent):
        reversal.return_unsent(by=None, at=at, reason="There was no connection to send it on.")
        _wait_unsent(reversal, provider, at)


def _leave_open(reversal: Reversal, answer: RefundAnswer, at: datetime) -> None:
    if can_proceed(reversal.doubt):
        reversal.doubt(by=None, at=at, reason=f"The answer is none: {_told(answer)}.")
        reversal.due_at = _first_check(reversal, at)


def _believe(reversal: Reversal, answer: RefundAnswer, at: datetime) -> None:
    if answer.state is RefundState.REJECTED:
        logger.error("%s was refused: %s", reversal, _told(answer))
    if is_contradicted(reversal, answer.state):
        open_case_of_contradicted_reversal(reversal, answer.state, at)
    follow(reversal, answer.state, by=None, at=at, reason=f"The provider says: {_told(answer)}.")
    if reversal.status == ReversalStatus.ACCEPTED:
        reversal.due_at = _first_check(reversal, at)


def _told(answer: RefundAnswer) -> str:
    return f"code {answer.code or 'none'}, {answer.message or answer.state.value}"


def _check(reversal: Reversal, now: datetime) -> datetime | None:
    """Ask what became of it, unless its payment was asked about a moment ago."""
    answer = ask(reversal.payment, now=now)
    return _record_word(reversal.pk, *answer) if answer else _come_back(reversal, now)


def _come_back(reversal: Reversal, now: datetime) -> datetime | None:
    """Once its payment may be asked about again."""
    payment = reversal.payment
    payment.refresh_from_db(fields=["queried_at"])
    interval = get_provider(payment.provider).query_interval
    still_open = Reversal.objects.open().filter(pk=reversal.pk)
    still_open.update(due_at=(payment.queried_at or now) + interval)
    return _due_at(reversal.pk)


@transaction.atomic(durable=True)
def _record_word(reversal_id: int, result: Result, at: datetime) -> datetime | None:
    """Do what the answer to a question says. Locks order, payment, reversal."""
    payment = _lock_payment(reversal_id)
    moment = Moment(at=at, channel=Channel.QUERY, was_captured=True)
    apply_result(payment.order, payment, result, moment)
    reversal = Reversal.objects.get_for_update(reversal_id)
    reversal.checks += 1
    reversal.checked_at = at
    if reversal.status in Reversal.OPEN:
        _plan_next(reversal, result, at)
    reversal.save()
    return reversal.due_at


def _plan_next(reversal: Reversal, result: Result, at: datetime) -> None:
    """When to ask again: after as long as it has taken so far, and beside a person if too long."""
    assert reversal.sent_at is not None
    interval = get_provider(reversal.provider).query_interval
    if reversal.status == ReversalStatus.UNKNOWN and result.outcome is Outcome.PAID:
        reversal.denials += 1
        reversal.due_at = at + interval
        if reversal.denials >= DENIALS:
            reversal.due_at = None
            ask_a_person(reversal, at=at)
        return
    accepted, waited = reversal.status == ReversalStatus.ACCEPTED, at - reversal.sent_at
    if waited >= (PROCESSING_PATIENCE if accepted else SILENCE_PATIENCE):
        ask_a_person(reversal, at=at)
    longest = A_DAY if accepted and reversal.unclear_at else LONGEST_WAIT
    reversal.due_at = at + min(max(interval, waited), longest)


def _lock_payment(reversal_id: int) -> Payment:
    """Lock order and payment, in that order."""
    found = Reversal.objects.select_related("payment").get(pk=reversal_id).payment
    order = Order.objects.get_for_update(found.order_id)
    payment = Payment.objects.get_for_update(found.pk)
    payment.order = order
    return payment
