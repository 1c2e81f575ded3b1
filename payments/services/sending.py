"""Tell providers to give money back. Each reversal is told once: that is committed before.

Works on one or on many: `mark_sent`, then `tell` (or `take_back`) for each, then what
`operations.answers` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django_fsm import can_proceed

from jobs.prepared import fetch_all
from jobs.writing import insert, save_together, together
from orders.models import Order
from payments.locks import lock_unsent
from payments.models import Channel, ProviderMessage, Reversal
from payments.operations.answers import Heard, believe, wait_unsent
from payments.operations.reversals import may_be_forgotten, tell_ends
from payments.providers import Provider, get_provider
from payments.services.messages import new_message, storable

# No call takes that long, and none is begun after it: whoever is silent after it is gone.
LEASE = timedelta(minutes=2)
# So many calls in a row without an answer, and a provider is tried with one at a time.
SILENCE = 5
# The advisory-lock namespace of "one trial of a silent provider at a time".
PROBE_LOCKS = 7002
NOT_TOLD = "It was not told: its provider fell silent, it waited long, or the sender was stopped."
# Without calls that are still under way: nobody knows yet whether they are answered. The condition
# on `called_at` is that of the index `reversal_calls`.
LATEST = """
SELECT was_answered FROM payments_reversal
WHERE provider = %(provider)s AND called_at IS NOT NULL AND was_answered IS NOT NULL
ORDER BY called_at DESC LIMIT %(count)s
"""
SENT = ("status", "request", "sent_at", "called_at", "was_answered", "due_at", "unclear_at")


@transaction.atomic(durable=True)
def mark_sent(reversal_ids: Sequence[int], *, was_asked: bool = False) -> list[Reversal]:
    """Commit which of these are about to be sent, and return them: tell or take back each now.

    Left out is what was told before, what others are at, what is held back because its provider is
    silent, and what may have gone back after the backup in use: that is sent if the provider was
    asked, and then the caller has claimed it. Locks the reversals by ascending id, passing over
    locked ones.
    """
    now = timezone.now()
    found = lock_unsent(reversal_ids, due_at=None if was_asked else now)
    if not was_asked:
        found = [reversal for reversal in found if not may_be_forgotten(reversal)]
    held_back = {reversal.pk for reversal in _held_back(found, now)}
    sent = [reversal for reversal in found if reversal.pk not in held_back]
    for reversal in found:
        if reversal.pk in held_back:
            wait_unsent(reversal, now)
    with together():
        for reversal in sent:
            request = get_provider(reversal.provider).refund_request(reversal, now)
            reversal.send(by=None, at=now, reason="The provider is told.", request=request)
            reversal.due_at = now + LEASE
        save_together(found, *SENT)
        insert([_message(reversal, Channel.REFUND, reversal.request, now) for reversal in sent])
    return sent


def tell(reversal: Reversal) -> Heard:
    """Call the provider, outside any transaction; never raises for what network or provider do."""
    provider = get_provider(reversal.provider)
    answer = provider.refund(reversal.request)
    return Heard(reversal, answer, storable(provider, answer.received), timezone.now())


@transaction.atomic(durable=True)
def take_back(marked: Reversal) -> None:
    """Have one that the caller marked, and has not told, be sent again when it may. Locks it.

    It stays as it is if others have taken it further since.
    """
    now = timezone.now()
    reversal = Reversal.objects.get_for_update(marked.pk)
    if reversal.sent_at == marked.sent_at and can_proceed(reversal.return_unsent):
        reversal.return_unsent(by=None, at=now, reason=NOT_TOLD)
        reversal.called_at, reversal.due_at = None, now  # it was no call, and no trial
        reversal.save()
        insert([_message(reversal, Channel.ANSWER, {"error": NOT_TOLD}, now)])


def log_answers(heard: Sequence[Heard]) -> list[Heard]:
    """Store them as they were, in a transaction of its own, before anything is believed."""
    insert([_message(each.reversal, Channel.ANSWER, each.kept, each.at) for each in heard])
    return list(heard)


@transaction.atomic(durable=True)
def record_answer(heard: Heard) -> None:
    """Do what was answered; its end becomes a job of the app above.

    Locks order, payment and reversal.
    """
    tell_ends(believe([heard], Order.objects.all()), at=heard.at)


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
            # Read behind the lock, so that a trial which a rival has committed meanwhile is seen.
            tried = Reversal.objects.calls(name).filter(called_at__gt=now - provider.query_interval)
            trials = 0 if tried.exists() else 1
            yield from [reversal for reversal in found if reversal.provider == name][trials:]


def _is_silent(provider: Provider) -> bool:
    latest = fetch_all(LATEST, {"provider": provider.name, "count": SILENCE})
    return latest == [(False,)] * SILENCE


def _message(
    reversal: Reversal, channel: Channel, body: dict[str, object], at: datetime
) -> ProviderMessage:
    provider = get_provider(reversal.provider)
    return new_message(provider, channel, body, txn_ref=reversal.payment.txn_ref, at=at)
