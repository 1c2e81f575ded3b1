"""Tell providers to give money back. Each reversal is told once: that is committed before.

Works on one or on many: `mark_sent`, then `tell` for each, then `record_answers`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from django_fsm import can_proceed

from jobs.prepared import fetch_all, insert_together, save_together
from orders.models import Order
from payments.models import Channel, Payment, ProviderMessage, Reversal, ReversalStatus
from payments.operations.cases import open_case_of_contradicted_reversal
from payments.operations.reversals import ask_a_person, is_contradicted, move, note_ends
from payments.providers import Provider, RefundAnswer, RefundState, get_provider
from payments.services.messages import new_message, storable
from ticketing.transition_log import logged_together

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # no call takes that long, so whoever is silent after it is gone
SILENCE = 5  # calls in a row without an answer, then a provider is tried with one at a time
SILENCE_PATIENCE = timedelta(hours=24)
PROBE_LOCKS = 7002  # the advisory-lock namespace of "one probe of a silent provider at a time"
LATEST = """
SELECT was_answered FROM payments_reversal
WHERE provider = %(provider)s AND called_at IS NOT NULL AND was_answered IS NOT NULL
ORDER BY called_at DESC LIMIT %(count)s
"""
SENT = ("status", "request", "sent_at", "called_at", "was_answered", "due_at", "unclear_at")
ANSWERED = (
    "status",
    "is_full",
    "request_id",
    "provider_transaction_no",
    "provider_code",
    "provider_message",
    "provider_answer",
    "was_answered",
    "sent_at",
    "due_at",
    "unclear_at",
    "finished_at",
)


class Heard(NamedTuple):
    """What a provider answered when it was told of a reversal."""

    reversal: Reversal
    answer: RefundAnswer
    at: datetime


@transaction.atomic(durable=True)
def mark_sent(reversal_ids: Sequence[int]) -> list[Reversal]:
    """Commit which of these are about to be sent, and return them: they have to be told now.

    Left out is what was told before, what others are at, and what is held back because its provider
    is silent. Locks the reversals by ascending id, passing over locked ones.
    """
    now = timezone.now()
    found = Reversal.objects.due(now).filter(pk__in=reversal_ids).lock_unsent()
    held_back = {reversal.pk for reversal in _held_back(found, now)}
    sent = [reversal for reversal in found if reversal.pk not in held_back]
    for reversal in found:
        if reversal.pk in held_back:
            _wait_unsent(reversal, now)
    with logged_together():
        for reversal in sent:
            request = get_provider(reversal.provider).refund_request(reversal, now)
            reversal.send(by=None, at=now, reason="The provider is told.", request=request)
            reversal.due_at = now + LEASE
    save_together(found, *SENT)
    insert_together(
        [_message(reversal, Channel.REFUND, reversal.request, now) for reversal in sent]
    )
    return sent


def tell(reversal: Reversal) -> Heard:
    """Call the provider, outside any transaction; never raises for what network or provider do."""
    answer = get_provider(reversal.provider).refund(reversal.request)
    return Heard(reversal, answer, timezone.now())


def record_answers(heard: Sequence[Heard]) -> list[Reversal]:
    """Keep what was answered, then do what it says; the reversals as they are now, by id.

    Locks orders, payments and reversals, each by ascending id.
    """
    insert_together(
        [_message(each.reversal, Channel.ANSWER, each.answer.received, each.at) for each in heard]
    )
    return _believe_all(heard)


@transaction.atomic(durable=True)
def _believe_all(heard: Sequence[Heard]) -> list[Reversal]:
    told = {each.reversal.pk: each for each in heard}
    payments = [each.reversal.payment for each in heard]
    orders = Order.objects.filter(pk__in=[payment.order_id for payment in payments]).lock()
    order_of = {order.pk: order for order in orders}
    locked = Payment.objects.filter(pk__in=[payment.pk for payment in payments]).lock()
    payment_of = {payment.pk: payment for payment in locked}
    reversals = Reversal.objects.filter(pk__in=told).lock()
    moved = []
    with logged_together():
        for reversal in reversals:
            reversal.payment = payment_of[reversal.payment_id]
            reversal.payment.order = order_of[reversal.payment.order_id]
            _reversal, answer, at = told[reversal.pk]
            if _follow(reversal, answer, at):
                moved.append(reversal)
    save_together(reversals, *ANSWERED)
    note_ends(moved, at=max(each.at for each in heard))
    return reversals


def _follow(reversal: Reversal, answer: RefundAnswer, at: datetime) -> bool:
    """Do what the answer says to the row; whether the provider moved it."""
    _keep(reversal, answer)
    if answer.state is RefundState.NOT_SENT:
        _take_back(reversal, at)
    elif answer.state is RefundState.UNKNOWN:
        _leave_open(reversal, answer, at)
    elif answer.takes_partial and can_proceed(reversal.retry_as_partial):
        reversal.retry_as_partial(
            by=None, at=at, reason=f"Refused with {_told(answer)}: now as a partial."
        )
        reversal.due_at = at
    else:
        return _believe(reversal, answer, at)
    return False


def first_check(reversal: Reversal, at: datetime) -> datetime:
    """When to ask for the first time what became of it."""
    assert reversal.sent_at is not None
    return max(at, reversal.sent_at + get_provider(reversal.provider).query_interval)


def _held_back(found: Sequence[Reversal], now: datetime) -> Iterator[Reversal]:
    """Those whose provider has been silent for several calls, but for one of it at a time.

    So an outage leaves as many reversals unknown as it takes to notice, and one each interval. Of
    several callers at the same moment, one makes the trial: an advisory lock until the commit.
    """
    for name in sorted({reversal.provider for reversal in found}):
        provider = get_provider(name)
        if _is_silent(provider):
            with connection.cursor() as cursor:
                lock = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"
                cursor.execute(lock, [PROBE_LOCKS, name])
            tried = Reversal.objects.calls(name).filter(called_at__gt=now - provider.query_interval)
            trials = 0 if tried.exists() else 1
            yield from [reversal for reversal in found if reversal.provider == name][trials:]


def _is_silent(provider: Provider) -> bool:
    latest = fetch_all(LATEST, {"provider": provider.name, "count": SILENCE})
    return latest == [(False,)] * SILENCE


def _wait_unsent(reversal: Reversal, at: datetime) -> None:
    reversal.due_at = at + get_provider(reversal.provider).query_interval
    if at - reversal.created_at >= SILENCE_PATIENCE:
        ask_a_person(reversal, at=at)


def _keep(reversal: Reversal, answer: RefundAnswer) -> None:
    reversal.was_answered = bool(answer.code)
    reversal.provider_code, reversal.provider_message = answer.code, answer.message
    reversal.provider_answer = storable(get_provider(reversal.provider), answer.received)
    reversal.provider_transaction_no = reversal.provider_transaction_no or answer.transaction_no


def _take_back(reversal: Reversal, at: datetime) -> None:
    if can_proceed(reversal.return_unsent):
        reversal.return_unsent(by=None, at=at, reason="There was no connection to send it on.")
        _wait_unsent(reversal, at)


def _leave_open(reversal: Reversal, answer: RefundAnswer, at: datetime) -> None:
    if can_proceed(reversal.doubt):
        reversal.doubt(by=None, at=at, reason=f"The answer is none: {_told(answer)}.")
        reversal.due_at = first_check(reversal, at)


def _believe(reversal: Reversal, answer: RefundAnswer, at: datetime) -> bool:
    if answer.state is RefundState.REJECTED:
        logger.error("%s was refused: %s", reversal, _told(answer))
    if is_contradicted(reversal, answer.state):
        open_case_of_contradicted_reversal(reversal, answer.state, at)
    why = f"The provider says: {_told(answer)}."
    has_moved = move(reversal, answer.state, by=None, at=at, reason=why)
    if reversal.status == ReversalStatus.ACCEPTED:
        reversal.due_at = first_check(reversal, at)
    return has_moved


def _told(answer: RefundAnswer) -> str:
    return f"code {answer.code or 'none'}, {answer.message or answer.state.value}"


def _message(
    reversal: Reversal, channel: Channel, body: dict[str, object], at: datetime
) -> ProviderMessage:
    provider = get_provider(reversal.provider)
    return new_message(provider, channel, body, txn_ref=reversal.payment.txn_ref, at=at)
