"""A provider said something about an attempt: believe it once, whoever brought it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from payments.locks import lock_attempt
from payments.models import Channel, Payment, PaymentStatus
from payments.operations.cases import open_case_of_unknown_reference
from payments.operations.results import Moment, Recorded, apply_result
from payments.providers import Outcome, Result, get_provider
from payments.services.ask import ask

A_MINUTE = timedelta(minutes=1)  # before the same question is worth another answer


@transaction.atomic(durable=True)
def record_result(*, provider: str, result: Result, channel: Channel, now: datetime) -> Recorded:
    """Record what a verified callback says; confirm the order if it is paid in time.

    Return and IPN both end here, in any order and number; repeats change nothing. Locks order,
    payment, then its seats. Money that can't be used for the order becomes a case.
    """
    payment = lock_attempt(provider, result.txn_ref)
    if payment is None:
        # Without money there is nothing to give back, and nothing for a person to do.
        if result.outcome in (Outcome.PAID, Outcome.REVIEW):
            open_case_of_unknown_reference(provider, result, now)
        return Recorded.UNKNOWN_REFERENCE
    return apply_result(payment, result, Moment(at=now, channel=channel))


def ask_at_once(payment_id: int) -> datetime | None:
    """Ask what became of an attempt whose callback left that open, and record the answer.

    Asks outside any transaction, then locks as `record_result`. Changes nothing if the attempt
    was settled meanwhile or was asked about just now, and if the provider knows nothing yet.
    Returns when to ask again while it stays open; None once that is left to settling.
    """
    payment = Payment.objects.get(pk=payment_id)
    if payment.status == PaymentStatus.PENDING:
        answer = ask(payment, now=timezone.now())
        if answer is not None:
            _record_unless_unknown(payment, *answer)
    return _next_question(payment_id)


def _record_unless_unknown(payment: Payment, result: Result, at: datetime) -> None:
    # That it knows of none is final only some time after the pay link's end.
    if result.outcome is not Outcome.NOT_FOUND:
        record_result(provider=payment.provider, result=result, channel=Channel.QUERY, now=at)


def _next_question(payment_id: int) -> datetime | None:
    payment = Payment.objects.select_related("order").get(pk=payment_id)
    again_at = timezone.now() + max(get_provider(payment.provider).query_interval, A_MINUTE)
    is_open = payment.status == PaymentStatus.PENDING and again_at < payment.order.expires_at
    return again_at if is_open else None
