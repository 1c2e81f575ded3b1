"""Send approved money back, and record what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.writing import together
from orders.models import Order, OrderQuerySet
from payments.models import Reversal
from payments.operations.answers import Heard, believe
from refunds.models import Refund, RefundStatus
from refunds.operations import decisions, payouts
from refunds.operations.decisions import Locked

NOT_SENT = (
    "The provider could not be reached, so nothing was sent; it will be as soon as that is "
    "possible. As long as the reversal is “created”, mark the refund as paid before you give the "
    "money back in another way."
)
NOT_BACK = "The provider took the request and has not said that the money is back."
SILENCE = "The provider does not say what it did."


def pay_back(*, refund_id: int) -> Refund:
    """Open the reversal of an approved refund, as `pay_back_together` does; the refund."""
    [refund] = pay_back_together(refund_ids=[refund_id])
    return refund


@transaction.atomic(durable=True)
def pay_back_together(*, refund_ids: Sequence[int]) -> list[Refund]:
    """Open the reversals of approved refunds; the providers are called by jobs of payments.

    Where another reversal of the same payment is still open, a refund stays approved: the end of
    that one calls for it again. An amount of 0 needs no provider. Safe to repeat. Returns all of
    them as they are now. Locks orders, payments, refunds, tickets, each by ascending id, and seats.
    """
    now = timezone.now()
    # Read before anything is locked, to know what to lock: foreign keys like these never change.
    known = list(Refund.objects.select_related("case").filter(pk__in=refund_ids))
    cases = {refund.pk: refund.case for refund in known}
    orders = _lock_orders(known)
    payments = payouts.lock_payments(known)
    refunds = Refund.objects.filter(pk__in=refund_ids).lock()
    for refund in refunds:
        refund.order, refund.case = orders[refund.order_id], cases[refund.pk]
    approved = [refund for refund in refunds if refund.status == RefundStatus.APPROVED]
    payouts.send_back([each for each in approved if each.amount], payments, by=None, at=now)
    _finish_free([each for each in approved if not each.amount], now)
    return refunds


def record_reversal(*, reversal_id: int) -> None:
    """Finish the refund whose reversal ended, as `record_reversals` does."""
    record_reversals(reversal_ids=[reversal_id])


@transaction.atomic(durable=True)
def record_reversals(*, reversal_ids: Sequence[int]) -> None:
    """Finish the refunds whose reversals succeeded, or note why the provider refused them.

    A late success of a reversal that nobody knew the end of finishes its refund, too. Safe to
    repeat. Locks orders, reversals, refunds, tickets, each by ascending id, and seats.
    """
    _follow(_lock_with_reversals(reversal_ids), timezone.now(), is_unclear=False)


@transaction.atomic(durable=True)
def record_unclear_reversal(*, reversal_id: int) -> None:
    """Ask a person, because the provider does not say what it did. Locks as `record_reversals`."""
    _follow(_lock_with_reversals([reversal_id]), timezone.now(), is_unclear=True)


@transaction.atomic(durable=True)
def record_answers(heard: Sequence[Heard]) -> list[Reversal]:
    """Do what providers answered, to the reversals and to their refunds; those that have ended.

    As `record_reversals`, at once instead of by a job. Locks payments after the orders, too.
    """
    ended = [each for each in believe(heard, _orders()) if each.finished_at]
    of_id = {reversal.pk: reversal for reversal in ended}
    found = []
    for refund in Refund.objects.filter(reversal__in=ended).lock() if ended else []:
        assert refund.reversal_id is not None
        refund.reversal = of_id[refund.reversal_id]
        refund.order = refund.reversal.payment.order
        found.append((refund, refund.reversal))
    _follow(found, timezone.now(), is_unclear=False)
    return ended


def _lock_with_reversals(reversal_ids: Sequence[int]) -> list[tuple[Refund, Reversal]]:
    """The refunds that these are the latest reversals of."""
    known = Refund.objects.filter(reversal__in=reversal_ids)
    orders = _lock_orders(known)
    reversals = {each.pk: each for each in Reversal.objects.filter(pk__in=reversal_ids).lock()}
    refunds = Refund.objects.filter(pk__in=[refund.pk for refund in known]).lock()
    followed = []
    for refund in refunds:
        # It may have been tried anew since it was read: then another reversal is its latest.
        if refund.reversal_id in reversals:
            refund.order, refund.reversal = orders[refund.order_id], reversals[refund.reversal_id]
            followed.append((refund, refund.reversal))
    return followed


def _lock_orders(refunds: Iterable[Refund]) -> dict[int, Order]:
    found = _orders().filter(pk__in={refund.order_id for refund in refunds}).lock()
    return {order.pk: order for order in found}


def _orders() -> OrderQuerySet:
    return Order.objects.select_related("event", "showing")


def _finish_free(refunds: Sequence[Refund], now: datetime) -> None:
    with together():
        for refund in refunds:
            refund.process(by=None, at=now, reason="No money has to move.")
    _finish(refunds, now, lambda _refund: "No money had to move.")


def _finish(refunds: Sequence[Refund], now: datetime, why: Callable[[Refund], str]) -> None:
    if not refunds:
        return
    tickets = decisions.lock_tickets_of(refunds)
    found = [Locked(refund, tickets[refund.pk]) for refund in refunds]
    payouts.finish(found, by=None, at=now, why=why)


def _follow(found: Sequence[tuple[Refund, Reversal]], now: datetime, *, is_unclear: bool) -> None:
    back = [refund for refund, reversal in found if _is_back(refund, reversal)]
    _finish(back, now, lambda refund: f"{refund.reversal} succeeded.")
    for refund, reversal in found:
        is_rejected = reversal.status == Reversal.Status.REJECTED
        if (is_unclear or is_rejected) and _is_news(refund, reversal):
            payouts.note_failure(refund, at=now, error=_error(reversal))
        # The payment is free for the next refund of the order.
        if is_rejected:
            payouts.wake_next([refund.order], at=now)


def _is_back(refund: Refund, reversal: Reversal) -> bool:
    waits = refund.status in (RefundStatus.PROCESSING, RefundStatus.PAYMENT_FAILED)
    return waits and reversal.status == Reversal.Status.SUCCEEDED


def _is_news(refund: Refund, reversal: Reversal) -> bool:
    """Whether a person was not told yet: what was told when the try stood otherwise is over."""
    if refund.status == RefundStatus.PROCESSING:
        return True
    # An error without a status is of a try that could not be opened: of the one before it there is
    # no news.
    told = refund.provider_error.get("status", reversal.status)
    return bool(refund.status == RefundStatus.PAYMENT_FAILED and told != reversal.status)


def _error(reversal: Reversal) -> dict[str, Any]:
    """All that a person needs to look it up at the provider."""
    return {
        "code": reversal.provider_code,
        "message": _message(reversal),
        "status": str(reversal.status),
        "txn_ref": reversal.payment.txn_ref,
        "transaction_no": reversal.payment.provider_transaction_no,
        "request_id": reversal.request_id,
        "answer": reversal.provider_answer,
    }


def _message(reversal: Reversal) -> str:
    """In the provider's words, unless they are about a step before."""
    if reversal.status == Reversal.Status.CREATED and reversal.due_at:
        return NOT_SENT
    if reversal.status == Reversal.Status.ACCEPTED:
        return NOT_BACK
    return reversal.provider_message or SILENCE
