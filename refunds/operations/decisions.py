"""Making a refund and deciding about it. Callers hold the locks of the order and the refund."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from jobs import outbox
from orders.models import Order, Ticket
from orders.operations import reserve_refund, undo_reserved_refund
from refunds.errors import AmountChanged, TicketNotRefundable
from refunds.models import Refund, RefundReason, RefundStatus, RefundTicket
from refunds.operations.claims import Claim


def create(claim: Claim, *, by: User | None, key: str | None = None, digest: str = "") -> Refund:
    """Write down what is asked for, with the policy's explanation; nothing is decided by it."""
    assessment = claim.assessment
    refund = Refund.objects.create(
        order=claim.order,
        case=claim.case,
        reason=claim.reason.value,
        percentage_applied=assessment.percentage,
        base_amount=assessment.base_amount,
        amount=assessment.amount,
        currency=claim.order.currency,
        calculation_basis=assessment.basis.value,
        explanation=claim.explanation,
        requested_at=claim.at,
        requested_by=by,
        idempotency_key=key,
        request_digest=digest,
    )
    RefundTicket.objects.bulk_create(
        RefundTicket(refund=refund, ticket=ticket, order=claim.order) for ticket in claim.tickets
    )
    return refund


def lock_tickets(refund: Refund) -> list[Ticket]:
    """Lock the tickets that this refund takes back, by ascending id."""
    return Ticket.objects.filter(refunds__refund=refund, refunds__is_live=True).lock()


def check_as_shown(order: Order, shown: Decimal | None, amount: Decimal) -> None:
    """Raise AmountChanged if somebody was shown another amount, and decides by that one.

    `shown` is None where nothing was shown. The caller holds the locks that keep `amount`.
    """
    if shown not in (None, amount):
        assert shown is not None
        raise AmountChanged(
            _("The amount has changed: it was {shown} and is {amount} now. Look again.").format(
                shown=order.price_tag(shown), amount=order.price_tag(amount)
            )
        )


def approve(
    order: Order,
    refund: Refund,
    tickets: Sequence[Ticket],
    *,
    by: User | None,
    at: datetime,
    reason: str,
) -> None:
    """Set the money aside and leave the payout to a job. The tickets are locked, too.

    Raises TicketNotRefundable when somebody went in with one meanwhile, RefundTooLarge when too
    little of the order is left.
    """
    _check_unused(refund, tickets)
    if not refund.is_of_payment:
        reserve_refund(order, tickets, refund.amount, at=at)
    refund.approve(by=by, at=at, reason=reason)
    refund.save(update_fields=["status", "approved_by", "decision_at"])
    outbox.enqueue("refunds.pay_back", run_at=at, refund_id=refund.pk)
    tell(refund, at=at)


def reject(
    order: Order,
    refund: Refund,
    tickets: Sequence[Ticket],
    *,
    by: User | None,
    at: datetime,
    reason: str,
) -> None:
    """Keep the money and the tickets as they were. The tickets are locked, too."""
    if refund.status == RefundStatus.APPROVED:
        undo_reserved_refund(order, tickets, refund.amount)
    refund.reject(by=by, at=at, reason=reason)
    refund.save()
    let_go(refund)
    tell(refund, at=at)


def let_go(refund: Refund) -> None:
    """Let its tickets be asked back by another refund."""
    refund.tickets.live().update(is_live=False)


def tell(refund: Refund, *, at: datetime) -> None:
    """Have the people concerned told what became of it."""
    outbox.enqueue("refunds.moved", run_at=at, refund_id=refund.pk, status=str(refund.status))


def _check_unused(refund: Refund, tickets: Sequence[Ticket]) -> None:
    """Nobody asks money back and goes in all the same. Refunds of the platform's own take all."""
    used = [ticket.code for ticket in tickets if _was_used_meanwhile(ticket, refund)]
    if used:
        raise TicketNotRefundable(
            _("Somebody went in with {codes} meanwhile. Reject the request.").format(
                codes=", ".join(used)
            ),
            tickets=used,
        )


def _was_used_meanwhile(ticket: Ticket, refund: Refund) -> bool:
    if ticket.used_at is None:
        return False
    if refund.reason == RefundReason.POSTPONED:  # some may have been in before it was postponed
        return ticket.used_at >= refund.requested_at
    return refund.reason == RefundReason.PERSONAL
