"""Making a refund and deciding about it. Callers hold the locks of the order and the refund."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.contrib.auth.models import User
from django.db.models import F
from django.utils.translation import gettext as _

from jobs import outbox
from jobs.models import Job
from jobs.writing import insert, save_together, together
from orders.models import Order, Ticket
from orders.operations import Share, reserve_refunds, undo_reserved_refund
from refunds.errors import AmountChanged, TicketNotRefundable
from refunds.models import Refund, RefundReason, RefundStatus, RefundTicket
from refunds.operations.claims import Claim, left_out, tickets_again
from refunds.policy import Basis


class Locked(NamedTuple):
    """A refund and the tickets that it takes back, all of them locked; so is its order."""

    refund: Refund
    tickets: Sequence[Ticket]

    @property
    def share(self) -> Share:
        """What it moves of its order."""
        why = f"Refund {self.refund.pk}."
        return Share(self.refund.order, self.tickets, self.refund.amount, why)


def create(claim: Claim, *, by: User | None, key: str | None = None, digest: str = "") -> Refund:
    """Write down what is asked for, with the policy's explanation; nothing is decided by it."""
    refund = _asked_for(claim, by)
    refund.idempotency_key, refund.request_digest = key, digest
    _write([(claim, refund)])
    return refund


def create_together(claims: Sequence[Claim], *, by: User | None) -> list[Refund]:
    """Write down several, as `create` does."""
    asked = [(claim, _asked_for(claim, by)) for claim in claims]
    _write(asked)
    return [refund for _claim, refund in asked]


def _asked_for(claim: Claim, by: User | None) -> Refund:
    assessment = claim.assessment
    return Refund(
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
    )


def _write(asked: Sequence[tuple[Claim, Refund]]) -> None:
    # By itself, and first: the rows of the tickets name the keys of these.
    insert([refund for _claim, refund in asked])
    insert(
        [
            RefundTicket(refund=refund, ticket=ticket, order=claim.order)
            for claim, refund in asked
            for ticket in claim.tickets
        ]
    )


def lock(refund_id: int) -> Locked:
    """Lock a refund with its order before it and its tickets after it."""
    known = Refund.objects.get(pk=refund_id)
    order = Order.objects.get_for_update(known.order_id)
    refund = Refund.objects.get_for_update(refund_id)
    refund.order = order
    return Locked(refund, lock_tickets(refund))


def lock_tickets(refund: Refund) -> list[Ticket]:
    """Lock the tickets that this refund takes back, by ascending id."""
    return lock_tickets_of([refund])[refund.pk]


def lock_tickets_of(refunds: Sequence[Refund]) -> dict[int, list[Ticket]]:
    """Lock the tickets that each of these refunds takes back, by ascending id; by refund."""
    found: dict[int, list[Ticket]] = {refund.pk: [] for refund in refunds}
    # A ticket is in one live refund at most, so the join names each once.
    taken = Ticket.objects.filter(refunds__refund__in=refunds, refunds__is_live=True)
    for ticket in taken.annotate(refund_id=F("refunds__refund")).lock():
        found[cast("Any", ticket).refund_id].append(ticket)
    return found


def take_left_out(found: Locked) -> list[Ticket]:
    """Have a refund of the whole order take what it leaves out; all that it takes back, locked.

    Raises TicketNotRefundable when somebody went in with one of those since it was asked for, or
    asks for one otherwise.
    """
    refund, tickets = found
    check_nothing_beside(refund)
    more = left_out(refund).lock()
    _check_unused(refund, more)
    insert([RefundTicket(refund=refund, ticket=each, order=refund.order) for each in more])
    return [*tickets, *more]


def check_nothing_beside(refund: Refund) -> None:
    """Raise TicketNotRefundable where a whole order is paid for while it has another request.

    The other's tickets would be paid for as well, and be left out: they could be paid for twice.
    """
    if refund.calculation_basis != Basis.ORDER_TOTAL:
        return
    other = refund.order.refunds.undecided().exclude(pk=refund.pk).order_by("pk").first()
    if other is not None:
        told = _("{refund} waits for a decision, too. Decide that one first.")
        raise TicketNotRefundable(told.format(refund=other))


def check_as_shown(order: Order, shown: Decimal | None, amount: Decimal) -> None:
    """Raise AmountChanged if somebody was shown another amount, and decides by that one.

    `shown` is None where nothing was shown. The caller holds the locks that keep `amount`.
    """
    if shown is not None and shown != amount:
        raise AmountChanged(
            _("The amount has changed: it was {shown} and is {amount} now. Look again.").format(
                shown=order.price_tag(shown), amount=order.price_tag(amount)
            )
        )


def approve(found: Sequence[Locked], *, by: User | None, at: datetime, reason: str) -> None:
    """Set the money aside and leave the payout to a job for each.

    Raises TicketNotRefundable when somebody went in with one meanwhile, RefundTooLarge when too
    little of an order is left: then nothing may be kept of the transaction.
    """
    refunds = [each.refund for each in found]
    for each in found:
        _check_unused(each.refund, each.tickets)
    # A late or second payment is none of the order's money: of that nothing is set aside.
    reserve_refunds([each.share for each in found if not each.refund.is_of_payment], at=at)
    with together():
        for refund in refunds:
            refund.approve(by=by, at=at, reason=reason)
        save_together(refunds, "status", "approved_by", "decision_at")
        outbox.enqueue_due([*pay_back_jobs(refunds, at=at), *_news(refunds, at)])


def reject(found: Locked, *, by: User | None, at: datetime, reason: str) -> None:
    """Keep the money and the tickets as they were."""
    refund, tickets = found
    # Asked before it moves: only what was approved has set money aside.
    if refund.status == RefundStatus.APPROVED:
        undo_reserved_refund(refund.order, tickets, refund.amount, at=at)
    refund.reject(by=by, at=at, reason=reason)
    refund.save()
    let_go(refund)
    tell([refund], at=at)


def reopen(found: Locked, *, by: User, at: datetime, reason: str) -> Locked:
    """Have what was rejected wait for the platform, with its tickets, which are locked now, too.

    Raises what `tickets_again` raises.
    """
    refund = found.refund
    # Before they are looked at: check-in locks the ticket alone, and not its order.
    refund.order.tickets.filter(refunds__refund=refund).lock()
    tickets = tickets_again(refund)
    refund.reopen(by=by, at=at, reason=reason)
    refund.save()
    refund.tickets.update(is_live=True)
    return Locked(refund, tickets)


def let_go(refund: Refund) -> None:
    """Let its tickets be asked back by another refund."""
    refund.tickets.live().update(is_live=False)


def tell(refunds: Sequence[Refund], *, at: datetime) -> None:
    """Have the people concerned told what became of each."""
    outbox.enqueue_due(_news(refunds, at))


def pay_back_jobs(refunds: Sequence[Refund], *, at: datetime) -> list[Job]:
    """Have their money sent back, once these are enqueued."""
    return [outbox.new_job("refunds.pay_back", run_at=at, refund_id=each.pk) for each in refunds]


def _news(refunds: Sequence[Refund], at: datetime) -> list[Job]:
    return [
        outbox.new_job("refunds.moved", run_at=at, refund_id=each.pk, status=str(each.status))
        for each in refunds
    ]


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
    # Somebody may have been in before the night was broken off.
    if refund.reason == RefundReason.POSTPONED:
        return ticket.used_at >= refund.requested_at
    # What is left are events that are off: their refunds take used tickets, too.
    return refund.reason == RefundReason.PERSONAL
