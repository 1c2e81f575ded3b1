"""A provider said something about an attempt: believe it once, whoever brought it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from payments.locks import lock_attempt
from payments.models import Channel, Payment, PaymentStatus
from payments.operations.cases import open_case_of_unknown_reference
from payments.operations.results import Moment, Recorded, apply_result
from payments.providers import Outcome, Result
from payments.services.ask import ask


@transaction.atomic(durable=True)
def record_result(*, provider: str, result: Result, channel: Channel, now: datetime) -> Recorded:
    """Record what a verified callback says; confirm the order if it is paid in time.

    Return and IPN both end here, in any order and number; repeats change nothing. Locks order,
    payment, then its seats. Money that can't be used for the order becomes a case.
    """
    payment = lock_attempt(provider, result.txn_ref)
    if payment is None:
        if result.outcome in (Outcome.PAID, Outcome.REVIEW):
            open_case_of_unknown_reference(provider, result, now)
        return Recorded.UNKNOWN_REFERENCE
    return apply_result(payment, result, Moment(at=now, channel=channel))


def ask_at_once(payment_id: int) -> None:
    """Ask what became of an attempt whose callback left that open, and record the answer.

    Asks outside any transaction, then locks as `record_result`. Changes nothing if the attempt
    was settled meanwhile or was asked about just now, and if the provider knows nothing yet.
    """
    payment = Payment.objects.get(pk=payment_id)
    answer = None
    if payment.status == PaymentStatus.PENDING:
        answer = ask(payment, now=timezone.now())
    if answer is None:
        return
    result, at = answer
    if result.outcome is not Outcome.NOT_FOUND:  # final only some time after the pay link's end
        record_result(provider=payment.provider, result=result, channel=Channel.QUERY, now=at)
