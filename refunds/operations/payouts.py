"""Getting the money back to the customer, and what follows once it is there.

Callers hold the locks of order, payment, reversal, refund and tickets, taken in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from jobs import outbox
from orders.models import Order, Ticket
from orders.operations import refund as refund_order
from orders.operations import undo_reserved_refund
from payments.errors import ReversalInProgress
from payments.models import Payment, PaymentCase
from payments.operations.reversals import open_reversal
from refunds.models import Refund
from refunds.operations.decisions import let_go, tell
from ticketing.errors import DomainError


def payment_of(refund: Refund) -> Payment | None:
    """The payment that gives the money back: the one that paid the order, or that of the case."""
    if refund.case is not None:
        return refund.case.payment
    return refund.order.payments.kept().order_by("pk").first()


def send_back(
    refund: Refund, payment: Payment | None, *, by: User | None, at: datetime, note: str = ""
) -> bool:
    """Open a reversal for an approved or failed refund; False if it has to wait for another one.

    What can't even be opened becomes a payment failure, for a person to decide. Locks the case.
    """
    why = note or (f"The money goes back through {payment}." if payment else "It is tried.")
    obstacle = _no_payment(refund) if payment is None else _resolved_case(refund)
    if payment is None or obstacle is not None:
        refund.process(by=by, at=at, reason=why)
        note_failure(refund, at=at, error=obstacle or {})
        return True
    try:
        reversal = open_reversal(
            payment,
            amount=refund.amount,
            reason=f"Hoan tien don hang {refund.order.code}",
            requested_by=f"refund-{refund.pk}",
            at=at,
        )
    except ReversalInProgress:
        return False
    except DomainError as refusal:
        refund.process(by=by, at=at, reason=why)
        note_failure(refund, at=at, error={"code": refusal.code, "message": str(refusal)})
        return True
    refund.process(by=by, at=at, reason=why)
    refund.payment, refund.reversal, refund.provider_error = payment, reversal, {}
    refund.save(update_fields=["status", "payment", "reversal", "provider_error"])
    return True


def finish(
    order: Order,
    refund: Refund,
    tickets: Sequence[Ticket],
    *,
    by: User | None,
    at: datetime,
    reason: str,
) -> None:
    """The money is back: tickets, seats and the order follow, or the case is resolved."""
    if refund.is_of_payment:
        _resolve_case(refund, by=by, at=at)
    else:
        refund_order(order, tickets, refund.amount, by=by, at=at, reason=f"Refund {refund.pk}.")
    end = refund.complete if refund.amount == refund.base_amount else refund.complete_partly
    end(by=by, at=at, reason=reason)
    refund.save(update_fields=["status", "processed_at"])
    tell(refund, at=at)
    wake_next(order, at=at)


def give_up(
    order: Order,
    refund: Refund,
    tickets: Sequence[Ticket],
    *,
    by: User | None,
    at: datetime,
    reason: str,
) -> None:
    """No money goes back by this refund: what it had set aside is free again."""
    if not refund.is_of_payment:
        undo_reserved_refund(order, tickets, refund.amount)
    refund.fail(by=by, at=at, reason=reason)
    refund.save(update_fields=["status", "processed_at"])
    let_go(refund)
    tell(refund, at=at)
    wake_next(order, at=at)


def wake_next(order: Order, *, at: datetime) -> None:
    """Let the next refund that waits for the order's payment take its turn.

    Those of a late or second payment have that payment for themselves and never wait.
    """
    following = order.refunds.approved().filter(case__isnull=True).order_by("pk").first()
    if following is not None:
        outbox.enqueue("refunds.pay_back", run_at=at, refund_id=following.pk)


def note_failure(refund: Refund, *, at: datetime, error: dict[str, Any]) -> None:
    """The provider refused, or does not say what it did; `error` is all that is known of it."""
    why = str(error.get("message") or "The provider did not give the money back.")
    refund.note_payment_failure(by=None, at=at, reason=why, error=error)
    refund.save(update_fields=["status", "provider_error"])
    tell(refund, at=at)


def _resolved_case(refund: Refund) -> dict[str, Any] | None:
    """What to tell a person if somebody has closed the refund's case: the money may be back."""
    if refund.case_id is None:
        return None
    case = PaymentCase.objects.select_for_update().get(refunds=refund)
    if case.status == PaymentCase.Status.OPEN:
        return None
    message = f"The case was resolved meanwhile, and the money may be back: {case.decision}"
    return {"code": "case-resolved", "message": message}


def _no_payment(refund: Refund) -> dict[str, Any]:
    reference = refund.case.txn_ref if refund.case else refund.order.code
    message = f"No payment of ours can give this back: look {reference} up at the provider."
    return {"code": "no-payment", "message": message}


def _resolve_case(refund: Refund, *, by: User | None, at: datetime) -> None:
    case = PaymentCase.objects.select_for_update().get(refunds=refund)
    if case.status == PaymentCase.Status.OPEN:
        case.resolve(by=by, at=at, reason=f"Given back in full by refund {refund.pk}.")
        case.save()
