"""Getting the money back to the customer, and what follows once it is there.

Callers hold the locks of order, payment, reversal, refund and tickets, taken in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from jobs import outbox
from jobs.writing import save_together, together
from orders.models import Order
from orders.operations import refund as refund_orders
from orders.operations import undo_reserved_refund
from payments.errors import ReversalInProgress
from payments.models import Payment, PaymentCase, Reversal
from payments.operations.reversals import Wish, open_reversals
from refunds.models import Refund
from refunds.operations.campaigns import close_listed
from refunds.operations.decisions import Locked, let_go, pay_back_jobs, tell


def lock_payments(refunds: Sequence[Refund]) -> dict[int, Payment]:
    """Lock the payments that give the money back, and name them by refund, where there is one.

    That is the one that paid the order, or that of the case. Orders are locked before, so whatever
    else wants payments of these waits for that.
    """
    plain = [refund for refund in refunds if refund.case is None]
    kept = Payment.objects.kept().filter(order__in=[refund.order_id for refund in plain])
    of_order = {payment.order_id: payment for payment in reversed(kept.lock())}  # the first of each
    found = {each.pk: of_order[each.order_id] for each in plain if each.order_id in of_order}
    named = {
        each.pk: each.case.payment_id for each in refunds if each.case and each.case.payment_id
    }
    if named:
        of_case = {each.pk: each for each in Payment.objects.filter(pk__in=named.values()).lock()}
        found |= {refund: of_case[pk] for refund, pk in named.items()}
    return found


def send_back(
    refunds: Sequence[Refund],
    payments: Mapping[int, Payment],
    *,
    by: User | None,
    at: datetime,
    note: str = "",
) -> list[Refund]:
    """Open reversals for approved or failed refunds; those that have not to wait for another one.

    `payments` are those of `lock_payments`. What can't even be opened becomes a payment failure,
    for a person to decide. Locks the cases.
    """
    errors = _obstacles(refunds, payments)
    tried = [refund for refund in refunds if refund.pk not in errors]
    answers = open_reversals([_wish(each, payments[each.pk]) for each in tried], at=at)
    waiting = set()
    for refund, answer in zip(tried, answers, strict=True):
        if isinstance(answer, Reversal):
            # What the provider said of the try before is over with it.
            refund.payment, refund.reversal, refund.provider_error = answer.payment, answer, {}
        elif isinstance(answer, ReversalInProgress):
            waiting.add(refund.pk)
        else:
            errors[refund.pk] = {"code": answer.code, "message": str(answer)}
    # With those that met an obstacle: only what was tried can have failed.
    moved = [refund for refund in refunds if refund.pk not in waiting]
    with together():
        for refund in moved:
            refund.process(by=by, at=at, reason=note or _how(payments.get(refund.pk)))
        save_together(moved, "status", "payment", "reversal", "provider_error")
    _note_failures(moved, errors, at)
    return moved


def finish(
    found: Sequence[Locked], *, by: User | None, at: datetime, why: Callable[[Refund], str]
) -> None:
    """The money is back: tickets, seats and the orders follow, or the cases are resolved.

    Locks the cases and the seats. `why` is what the log says of each refund.
    """
    refunds = [each.refund for each in found]
    with together():
        for refund in refunds:
            _resolve_case(refund, by=by, at=at)
        refund_orders([each.share for each in found if not each.refund.is_of_payment], by=by, at=at)
        for refund in refunds:
            is_all = refund.amount == refund.base_amount
            end = refund.complete if is_all else refund.complete_partly
            end(by=by, at=at, reason=why(refund))
        save_together(refunds, "status", "processed_at")
        tell(refunds, at=at)
    orders = [refund.order for refund in refunds]
    # Here and not by the campaign: the one that listed them may be over.
    close_listed(orders)
    wake_next(orders, at=at)


def give_up(found: Locked, *, by: User | None, at: datetime, reason: str) -> None:
    """No money goes back by this refund: what it had set aside is free again."""
    refund, tickets = found
    if not refund.is_of_payment:
        undo_reserved_refund(refund.order, tickets, refund.amount, at=at)
    refund.fail(by=by, at=at, reason=reason)
    refund.save(update_fields=["status", "processed_at"])
    let_go(refund)
    tell([refund], at=at)
    wake_next([refund.order], at=at)


def wake_next(orders: Sequence[Order], *, at: datetime) -> None:
    """Let the next refund that waits for an order's payment take its turn.

    Those of a late or second payment have that payment for themselves and never wait.
    """
    waiting = Refund.objects.approved().filter(order__in=orders, case__isnull=True)
    # One of each order: it takes the payment, and its end wakes the next.
    following = waiting.order_by("order", "pk").distinct("order")
    outbox.enqueue_due(pay_back_jobs(list(following), at=at))


def note_failure(refund: Refund, *, at: datetime, error: dict[str, Any]) -> None:
    """The provider refused, or does not say what it did; `error` has a `message` for people."""
    refund.note_payment_failure(by=None, at=at, reason=error["message"], error=error)
    refund.save(update_fields=["status", "provider_error"])
    tell([refund], at=at)


def _note_failures(
    refunds: Sequence[Refund], errors: Mapping[int, dict[str, Any]], at: datetime
) -> None:
    for refund in refunds:
        if refund.pk in errors:
            note_failure(refund, at=at, error=errors[refund.pk])


def _how(payment: Payment | None) -> str:
    return f"The money goes back through {payment}." if payment else "It is tried."


def _wish(refund: Refund, payment: Payment) -> Wish:
    return Wish(
        payment,
        refund.amount,
        reason=f"Hoan tien don hang {refund.order.code}",
        requested_by=f"refund-{refund.pk}",
    )


def _obstacles(
    refunds: Sequence[Refund], payments: Mapping[int, Payment]
) -> dict[int, dict[str, Any]]:
    """By refund, why it can't be tried."""
    found = {
        refund.pk: _resolved_case(refund) if refund.pk in payments else _no_payment(refund)
        for refund in refunds
    }
    return {pk: error for pk, error in found.items() if error}


def _resolved_case(refund: Refund) -> dict[str, Any] | None:
    """What to tell a person if somebody has closed the refund's case: the money may be back."""
    if refund.case_id is None:
        return None
    case = PaymentCase.objects.get_for_update(refund.case_id)
    if case.status == PaymentCase.Status.OPEN:
        return None
    message = f"The case was resolved meanwhile, and the money may be back: {case.decision}"
    return {"code": "case-resolved", "message": message}


def _no_payment(refund: Refund) -> dict[str, Any]:
    reference = refund.case.txn_ref if refund.case else refund.order.code
    message = f"No payment of ours can give this back: look {reference} up at the provider."
    return {"code": "no-payment", "message": message}


def _resolve_case(refund: Refund, *, by: User | None, at: datetime) -> None:
    if refund.case_id is None:
        return
    case = PaymentCase.objects.get_for_update(refund.case_id)
    if case.status == PaymentCase.Status.OPEN:
        case.resolve(by=by, at=at, reason=f"Given back in full by refund {refund.pk}.")
        case.save()
