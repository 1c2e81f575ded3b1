"""Follow reversals until their end is known; how they are told to the providers: `sending`."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_fsm import can_proceed

from jobs.stopping import for_a_while
from payments.locks import lock_payment
from payments.models import Channel, Reversal, ReversalStatus
from payments.operations.answers import SILENCE_PATIENCE, first_check, wait_unsent
from payments.operations.results import Moment, apply_result
from payments.operations.reversals import ask_a_person, may_be_forgotten
from payments.providers import Outcome, Result, get_provider
from payments.services.ask import ask
from payments.services.sending import LEASE, log_answers, mark_sent, record_answer, tell

logger = logging.getLogger(__name__)

DENIALS = 3  # answers that know of no refund, then a person decides
PROCESSING_PATIENCE = timedelta(days=15)  # banks take days for cards (vnpay.md 8.2)
# Between two questions; a day once a person was asked as well.
LONGEST_WAIT = timedelta(hours=6)
A_DAY = timedelta(days=1)


def due_reversals(now: datetime, limit: int) -> list[int]:
    """Ids of reversals to be advanced, longest due first. Any number of callers may share them."""
    due = Reversal.objects.due(now).order_by("due_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def advance_due_reversals(
    *, limit: int, overdue_by: timedelta = timedelta(0), seconds: float | None = None
) -> int:
    """Advance at most `limit` reversals, each on its own, for about that long.

    Returns how many failed with a logged error.
    """
    failed = 0
    for reversal_id in for_a_while(due_reversals(timezone.now() - overdue_by, limit), seconds):
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
    # It is one or none: none if somebody has it, if it is held back, or if it was told before.
    for reversal in mark_sent([reversal_id]):
        return _send(reversal)
    if not _claim(reversal_id, now):
        return _due_at(reversal_id)
    reversal = Reversal.objects.select_related("payment").get(pk=reversal_id)
    if reversal.status == ReversalStatus.CREATED:
        # If it may be sent unasked, it was passed over: somebody had it locked.
        return _ask_first(reversal, now) if may_be_forgotten(reversal) else reversal.due_at
    if reversal.status == ReversalStatus.SENT:
        return _doubt(reversal_id, now)
    return _check(reversal, now)


def _claim(reversal_id: int, now: datetime) -> bool:
    """Take the right to the next step. A rival's claim is seen: the row itself is compared."""
    return Reversal.objects.due(now).filter(pk=reversal_id).update(due_at=now + LEASE) == 1


def _due_at(reversal_id: int) -> datetime | None:
    return Reversal.objects.values_list("due_at", flat=True).get(pk=reversal_id)


def _send(reversal: Reversal) -> datetime | None:
    """Tell the provider of one that was marked, and do what is answered."""
    heard = tell(reversal)
    log_answers([heard])
    record_answer(heard)
    return _due_at(reversal.pk)


def _ask_first(reversal: Reversal, now: datetime) -> datetime | None:
    """Send it if nothing of its payment has gone back by the provider's word; else wait."""
    answer = ask(reversal.payment, now=now)
    if answer is None:
        return _come_back(reversal, now)
    result, at = answer
    if result.outcome is Outcome.PAID and result.refund is None:
        for sent in mark_sent([reversal.pk], was_asked=True):
            return _send(sent)
        return _due_at(reversal.pk)
    return _hold(reversal, result, at)


@transaction.atomic(durable=True)
def _hold(asked: Reversal, result: Result, at: datetime) -> datetime | None:
    """Leave it to a person, or ask again if the provider was silent. Locks as `_record_word`."""
    moment = Moment(at=at, channel=Channel.QUERY, was_captured=True)
    apply_result(lock_payment(asked.payment), result, moment)
    reversal = Reversal.objects.get_for_update(asked.pk)
    if reversal.status == ReversalStatus.CREATED:
        wait_unsent(reversal, at)
    if reversal.status == ReversalStatus.CREATED and result.refund:
        reversal.due_at, reversal.checked_at = None, at
        ask_a_person(reversal, at=at)
    reversal.save()
    return reversal.due_at


@transaction.atomic(durable=True)
def _doubt(reversal_id: int, now: datetime) -> datetime | None:
    """Nobody waits for the answer any more: a crash came between. Locks the reversal."""
    reversal = Reversal.objects.get_for_update(reversal_id)
    if can_proceed(reversal.doubt):
        reversal.doubt(by=None, at=now, reason="The answer was lost with whoever waited for it.")
        reversal.due_at = first_check(reversal, now)
        reversal.save()
    return reversal.due_at


def _check(reversal: Reversal, now: datetime) -> datetime | None:
    """Ask what became of it, unless its payment was asked about a moment ago."""
    answer = ask(reversal.payment, now=now)
    return _record_word(reversal, *answer) if answer else _come_back(reversal, now)


def _come_back(reversal: Reversal, now: datetime) -> datetime | None:
    """Once its payment may be asked about again."""
    payment = reversal.payment
    payment.refresh_from_db(fields=["queried_at"])
    interval = get_provider(payment.provider).query_interval
    still_open = Reversal.objects.open().filter(pk=reversal.pk)
    still_open.update(due_at=(payment.queried_at or now) + interval)
    return _due_at(reversal.pk)


@transaction.atomic(durable=True)
def _record_word(asked: Reversal, result: Result, at: datetime) -> datetime | None:
    """Do what the answer to a question says. Locks order, payment, reversal."""
    moment = Moment(at=at, channel=Channel.QUERY, was_captured=True)
    apply_result(lock_payment(asked.payment), result, moment)
    reversal = Reversal.objects.get_for_update(asked.pk)
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
    # The provider knows the payment, and a refund of ours would have been found by `hear`.
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
