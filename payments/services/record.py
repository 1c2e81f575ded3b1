"""A provider said something about an attempt: believe it once, whoever brought it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from payments.locks import lock_attempt
from payments.models import Channel
from payments.operations.cases import open_case_of_unknown_reference
from payments.operations.results import Moment, Recorded, apply_result
from payments.providers import Outcome, Result


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
