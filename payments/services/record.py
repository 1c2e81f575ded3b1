"""A provider said something about an attempt: believe it once, whoever brought it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from orders.models import Order
from payments.models import Channel, Payment
from payments.operations.cases import open_case_of_unknown_reference
from payments.operations.results import Moment, Recorded, apply_result
from payments.providers import Outcome, Result


@transaction.atomic(durable=True)
def record_result(*, provider: str, result: Result, channel: Channel, now: datetime) -> Recorded:
    """Record what a verified callback says; confirm the order if it is paid in time.

    Return and IPN both end here, in any order and number; repeats change nothing. Locks order,
    payment, then seats by ascending id. Money that can't be used for the order becomes a case.
    """
    found = Payment.objects.filter(provider=provider, txn_ref=result.txn_ref).first()
    if found is None:
        if result.outcome in (Outcome.PAID, Outcome.REVIEW):
            open_case_of_unknown_reference(provider, result, now)
        return Recorded.UNKNOWN_REFERENCE
    order = Order.objects.get_for_update(found.order_id)
    payment = Payment.objects.get_for_update(found.pk)
    payment.order = order
    return apply_result(order, payment, result, Moment(at=now, channel=channel))
