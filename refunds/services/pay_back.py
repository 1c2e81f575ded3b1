"""Send approved money back, and record what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from orders.models import Order
from payments.models import Payment, Reversal
from refunds.models import Refund, RefundStatus
from refunds.operations import decisions, payouts


@transaction.atomic(durable=True)
def pay_back(*, refund_id: int) -> Refund:
    """Open the reversal of an approved refund; the provider is called by a job of payments.

    Where another reversal of the same payment is still open, it stays approved: the end of that one
    calls for it again. An amount of 0 needs no provider. Safe to repeat. Locks order, payment,
    refund, tickets and seats by ascending id.
    """
    now = timezone.now()
    found = Refund.objects.select_related("case", "order").get(pk=refund_id)
    order = Order.objects.select_related("event", "showing").get_for_update(found.order_id)
    giving = payouts.payment_of(found)
    payment = Payment.objects.get_for_update(giving.pk) if giving else None
    refund = Refund.objects.get_for_update(refund_id)
    refund.order = order
    if refund.status != RefundStatus.APPROVED:
        return refund
    if refund.amount:
        payouts.send_back(refund, payment, by=None, at=now)
        return refund
    refund.process(by=None, at=now, reason="No money has to move.")
    tickets = decisions.lock_tickets(refund)
    payouts.finish(order, refund, tickets, by=None, at=now, reason="No money had to move.")
    return refund


@transaction.atomic(durable=True)
def record_reversal(*, reversal_id: int) -> None:
    """Finish the refund whose reversal succeeded, or note why the provider refused it.

    A late success of a reversal that nobody knew the end of finishes its refund, too. Safe to
    repeat. Locks order, payment, reversal, refund, tickets and seats by ascending id.
    """
    _with_refund(reversal_id, timezone.now(), is_unclear=False)


@transaction.atomic(durable=True)
def record_unclear_reversal(*, reversal_id: int) -> None:
    """Ask a person, because the provider does not say what it did. Locks as `record_reversal`."""
    _with_refund(reversal_id, timezone.now(), is_unclear=True)


def _with_refund(reversal_id: int, now: datetime, *, is_unclear: bool) -> None:
    refund_id = Refund.objects.filter(reversal=reversal_id).values_list("pk", flat=True).first()
    if refund_id is None:
        return
    found = Refund.objects.get(pk=refund_id)
    order = Order.objects.select_related("event", "showing").get_for_update(found.order_id)
    reversal = Reversal.objects.select_for_update(of=("self",)).get(pk=reversal_id)
    refund = Refund.objects.get_for_update(refund_id)
    refund.order = order
    if refund.reversal_id != reversal_id:
        return
    _follow(order, refund, reversal, now, is_unclear=is_unclear)


def _follow(
    order: Order, refund: Refund, reversal: Reversal, now: datetime, *, is_unclear: bool
) -> None:
    if reversal.status == Reversal.Status.SUCCEEDED:
        if refund.status in (RefundStatus.PROCESSING, RefundStatus.PAYMENT_FAILED):
            tickets = decisions.lock_tickets(refund)
            why = f"{reversal} succeeded."
            payouts.finish(order, refund, tickets, by=None, at=now, reason=why)
        return
    is_rejected = reversal.status == Reversal.Status.REJECTED
    if refund.status == RefundStatus.PROCESSING and (is_unclear or is_rejected):
        payouts.note_failure(refund, at=now, error=_error(reversal))
    if is_rejected:
        payouts.wake_next(order, at=now)


def _error(reversal: Reversal) -> dict[str, Any]:
    """All that a person needs to look it up at the provider."""
    return {
        "code": reversal.provider_code,
        "message": reversal.provider_message or "The provider does not say what it did.",
        "status": str(reversal.status),
        "txn_ref": reversal.payment.txn_ref,
        "transaction_no": reversal.payment.provider_transaction_no,
        "request_id": reversal.request_id,
        "answer": reversal.provider_answer,
    }
