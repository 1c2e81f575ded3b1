"""Compare our payments with what their providers say, repair what can be, and report it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs.stopping import end_of
from orders.models import Order
from payments.locks import lock_payment
from payments.models import (
    Channel,
    Payment,
    PaymentStatus,
    Reconciliation,
    ReconciliationDone,
    ReconciliationEnd,
    ReconciliationEntry,
)
from payments.models.payment import OPEN
from payments.operations.cases import open_case_of_silence
from payments.operations.results import Moment, Recorded, apply_result
from payments.providers import PROVIDERS, Outcome, Result
from payments.services.ask import ask
from ticketing.amounts import CURRENCY

logger = logging.getLogger(__name__)

CHUNK = 500
# So many questions in a row without an answer, and a provider is left alone until the next run.
SILENCE = 10
AGREED = "agreed"
NOT_FINAL = (Outcome.UNKNOWN, Outcome.PENDING)
DIFFERENT = (Recorded.AMOUNT_MISMATCH, Recorded.CONTRADICTED)
COUNTED_AS = {
    AGREED: "agreed",
    ReconciliationDone.REPAIRED: "repaired",
    ReconciliationDone.CASE: "cases",
    ReconciliationDone.UNANSWERED: "unanswered",
    ReconciliationDone.FAILED: "failed",
}


def reconcile_payments(
    *,
    now: datetime | None = None,
    limit: int | None = None,
    days: int | None = None,
    seconds: float | None = None,
) -> Reconciliation:
    """Ask about every payment that is due for it, and keep a report of the run.

    At most `limit` of them, and for about so many seconds, if there is such a limit.

    Due are payments whose pay link is closed and whose order does not wait for its settle job:
    those still open, and those captured or failed in the last `days` (default `RECONCILE_DAYS`),
    each of these once a day, and those that can't be asked about. Asks outside any transaction;
    then locks order, payment and seats for each answer. What breaks for one payment is in the
    report, and the others go on. Safe to repeat, and beside any callback, settling or another run.
    """
    now = now or timezone.now()
    since = now - timedelta(days=settings.RECONCILE_DAYS if days is None else days)
    run = _Run(Reconciliation.objects.create(started_at=now), since)
    ended = run.walk(_due(now, since), limit, seconds)
    return run.finish(ended)


def _due(now: datetime, since: datetime) -> Iterator[tuple[int, str]]:
    """Ids and providers, those first that were not asked for longest; never all in memory."""
    margin = max(
        (provider.not_found_margin for provider in PROVIDERS.values()), default=timedelta()
    )
    grace = timedelta(seconds=settings.SETTLE_GRACE_SECONDS)
    # Sooner after a pay link's end, "not found" would not be final.
    due = Payment.objects.to_reconcile(now, since=since, closed_by=now - margin)
    due = due.exclude(order__in=Order.objects.pending().filter(expires_at__gt=now - grace))
    # The shortest of all: `ask` itself passes over what its own provider bears no question about
    # yet.
    interval = min((provider.query_interval for provider in PROVIDERS.values()), default=grace)
    due = due.exclude(queried_at__gt=now - interval)
    due = due.order_by(F("queried_at").asc(nulls_first=True), "pk")
    return due.values_list("pk", "provider").iterator(chunk_size=CHUNK)


@dataclass
class _Run:
    """One walk over the payments that are due, and the counts of its report."""

    report: Reconciliation
    since: datetime
    counts: Counter[str] = field(default_factory=Counter)
    silences: Counter[str] = field(default_factory=Counter)

    def walk(
        self, due: Iterator[tuple[int, str]], limit: int | None, seconds: float | None
    ) -> ReconciliationEnd:
        ended = ReconciliationEnd.COMPLETE
        ends = end_of(seconds)
        for payment_id, provider in due:
            if self.counts.total() == limit:
                return ReconciliationEnd.LIMIT
            if time.monotonic() >= ends:
                return self._out_of_time()
            if self.silences[provider] >= SILENCE:
                ended = ReconciliationEnd.SILENCE
                continue  # another provider may answer
            self._visit(payment_id)
        return ended

    def _out_of_time(self) -> ReconciliationEnd:
        """Whoever goes on at once would find the same silence: each question takes its time."""
        is_silent = any(self.silences.values())
        return ReconciliationEnd.SILENCE if is_silent else ReconciliationEnd.LIMIT

    def finish(self, ended: ReconciliationEnd) -> Reconciliation:
        for done, name in COUNTED_AS.items():
            setattr(self.report, name, self.counts[done])
        self.report.asked = self.counts.total() - self.counts[ReconciliationDone.FAILED]
        self.report.ended, self.report.finished_at = ended, timezone.now()
        self.report.save()
        return self.report

    def _visit(self, payment_id: int) -> None:
        payment = Payment.objects.get(pk=payment_id)
        try:
            answer = ask(payment, now=timezone.now())
            if answer is not None:
                self._listen(payment, *answer)
        except Exception as error:
            logger.exception("%s can't be reconciled.", payment)
            self._note_failure(payment, error)

    def _listen(self, payment: Payment, result: Result, at: datetime) -> None:
        # Where nothing was asked, nobody was silent.
        if result.was_asked:
            silent = result.outcome is Outcome.UNKNOWN
            self.silences[payment.provider] = self.silences[payment.provider] + 1 if silent else 0
        self.counts[_record(self.report, payment, result, at, self.since)] += 1

    def _note_failure(self, payment: Payment, error: Exception) -> None:
        self.counts[ReconciliationDone.FAILED] += 1
        at = timezone.now()
        Payment.objects.filter(pk=payment.pk).update(queried_at=at)  # others come first next time
        self.report.entries.create(
            payment=payment,
            at=at,
            had=payment.status,
            has=payment.status,
            said=f"{type(error).__name__}: {error}".replace("\0", ""),
            done=ReconciliationDone.FAILED,
        )


@transaction.atomic(durable=True)
def _record(
    report: Reconciliation, asked: Payment, result: Result, at: datetime, since: datetime
) -> str:
    """Do what the answer asks for and write it down, or neither. Locks order, payment, seats."""
    payment = lock_payment(asked)
    had = payment.status
    # As it was when the question went out: what was said before the capture contradicts nothing.
    was_captured = asked.status == PaymentStatus.CAPTURED
    moment = Moment(at=at, channel=Channel.QUERY, was_captured=was_captured)
    recorded = apply_result(payment, result, moment)
    if _is_forgotten(payment, result, since):
        moment.cases.append(open_case_of_silence(payment, at))
        recorded = Recorded.CONTRADICTED
    case = moment.cases[0] if moment.cases else None
    done = ReconciliationDone.CASE if case else _judge(asked, had, payment, recorded, result)
    # What can't be asked about does not: the report would list it in each run.
    comes_again_soon = done == ReconciliationDone.UNANSWERED or payment.status in OPEN
    if not (comes_again_soon and result.was_asked):
        payment.reconciled_at = at
        payment.save(update_fields=["reconciled_at"])
    if done != AGREED:
        ReconciliationEntry.objects.create(
            run=report,
            payment=payment,
            at=at,
            had=had,
            has=payment.status,
            said=_told(result),
            done=done,
            case=case,
        )
    return done


def _is_forgotten(payment: Payment, result: Result, since: datetime) -> bool:
    """Whether an attempt of an ended order has waited for a final answer for too long."""
    return (
        # One in review has a case already.
        payment.status == PaymentStatus.PENDING
        and result.outcome in NOT_FINAL
        and payment.expires_at < since
        and payment.order.status != Order.Status.PENDING_PAYMENT
    )


def _judge(asked: Payment, had: str, payment: Payment, recorded: Recorded, result: Result) -> str:
    """What became of a payment without a case. An answer that others overtook says nothing."""
    if payment.status != had:
        return ReconciliationDone.REPAIRED
    is_usable = recorded not in DIFFERENT and result.outcome not in NOT_FINAL
    return AGREED if is_usable and had == asked.status else ReconciliationDone.UNANSWERED


def _told(result: Result) -> str:
    """The provider's word for the report."""
    if result.outcome is Outcome.UNKNOWN:
        return f"no answer that can be trusted, code {result.code or 'none'}"
    told = [result.outcome.value.replace("_", " ")]
    if result.amount is not None:
        told.append(f"{result.amount} {CURRENCY}")
    if result.transaction_no.strip("0"):
        told.append(f"transaction {result.transaction_no}")
    if result.refund:
        refund = result.refund
        what = f"refund {refund.transaction_no} of {refund.amount} {CURRENCY}"
        told.append(f"{what} {refund.state.value}")
    return ", ".join([*told, f"code {result.code or 'none'}"])
