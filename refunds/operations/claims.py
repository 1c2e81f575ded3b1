"""What an order's customer can have back at one moment. Reads only; quote and request share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from orders.models import Order, Ticket, TicketQuerySet, TicketStatus
from payments.models import CaseKind, PaymentCase
from refunds.errors import (
    NothingToRefund,
    RefundNotOffered,
    RefundWindowClosed,
    TicketNotRefundable,
)
from refunds.explanations import explain
from refunds.models import Refund, RefundQuerySet, RefundStatus, RefundTicket
from refunds.policy import (
    Assessment,
    Basis,
    DecidedBy,
    Facts,
    Reason,
    TicketFacts,
    WindowClosed,
    assess,
)
from ticketing.errors import DomainError
from ticketing.models import Event

REASONS = {CaseKind.LATE: Reason.LATE_PAYMENT, CaseKind.DUPLICATE: Reason.DUPLICATE_PAYMENT}


@dataclass(frozen=True)
class Claim:
    """What goes back if it is asked for now: money, tickets, and why that much."""

    order: Order
    reason: Reason
    tickets: list[Ticket]
    at: datetime
    assessment: Assessment
    case: PaymentCase | None = None

    @property
    def explanation(self) -> list[dict[str, Any]]:
        """The policy's steps with a sentence for people in every language."""
        return explain(self.assessment.steps, time_zone=self.order.showing.time_zone)

    @property
    def decided_by(self) -> DecidedBy:
        return self.assessment.decided_by


def claim_for_customer(
    order: Order, reason: Reason, codes: Sequence[str] | None, at: datetime
) -> Claim:
    """What a customer gets who asks now, for the tickets of these codes or all that can be had.

    Raises RefundNotOffered, NothingToRefund, TicketNotRefundable, RefundWindowClosed.
    """
    _check_offered(order.event, reason)
    _check_paid(order)
    if reason is Reason.PERSONAL:
        tickets = _selected_tickets(order, codes)
    else:
        # What waits has set nothing aside yet: of two such requests both would ask for the same
        # money.
        _check_nothing_undecided(order)
        tickets = list(free_tickets(order, instead_of=covered(order)))
    found = claim(order, reason, tickets, at)
    if reason is not Reason.PERSONAL and is_nothing(found):
        raise NothingToRefund(_("All that can go back for this reason has gone back already."))
    return found


def tickets_again(refund: Refund) -> list[Ticket]:
    """What a rejected refund for a personal reason took back, where it could be asked for now.

    That it may be too late to ask is no matter. Raises RefundNotOffered, NothingToRefund,
    TicketNotRefundable.
    """
    order = refund.order
    _check_offered(order.event, Reason.PERSONAL)
    _check_paid(order)
    return _selected_tickets(order, list(refund.tickets.values_list("ticket__code", flat=True)))


def can_be_had_again(refund: Refund) -> bool:
    """Whether an admin can take it up again: reads what `tickets_again` reads."""
    try:
        return bool(tickets_again(refund))
    except DomainError:
        return False


def claim(order: Order, reason: Reason, tickets: list[Ticket], at: datetime) -> Claim:
    """What these tickets, or the whole order, are worth now. Raises RefundWindowClosed."""
    try:
        assessment = assess(_facts(order, reason, tickets, at))
    except WindowClosed as closed:
        raise RefundWindowClosed(
            _("Tickets could be given back until {moment}.").format(
                moment=order.showing.local(closed.closed_at)
            ),
            closed_at=closed.closed_at,
        ) from closed
    return Claim(order, reason, tickets, at, assessment)


def claim_for_case(order: Order, case: PaymentCase, at: datetime) -> Claim:
    """What a late or second payment is worth: all of it, whatever the order is."""
    reason = REASONS[CaseKind(case.kind)]
    facts = replace(_facts(order, reason, [], at), payment_amount=case.amount_owed)
    return Claim(order, reason, [], at, assess(facts), case)


def _facts(
    order: Order,
    reason: Reason,
    tickets: Sequence[Ticket],
    at: datetime,
    *,
    own_reserved: Decimal = Decimal(0),
    override: int | None = None,
    is_reopened: bool = False,
) -> Facts:
    """What the policy looks at. `own_reserved` is what this very refund has set aside before."""
    return Facts(
        reason=reason,
        requested_at=at,
        sale_end=order.showing.ticket_sale_end,
        tickets=tuple(TicketFacts(ticket.code, ticket.price) for ticket in tickets),
        order_total=order.total_amount,
        # What is on its way counts as gone, or it would go back twice.
        refunded_before=order.refunded_amount + order.refund_reserved_amount - own_reserved,
        auto_approve=order.event.auto_approve_refund,
        override=override,
        is_reopened=is_reopened,
    )


def reassess(
    refund: Refund, tickets: Sequence[Ticket], percentage: int, *, is_reopened: bool = False
) -> Assessment:
    """What a refund comes to as its order stands now, at a percentage that is not looked up.

    With `is_reopened` the explanation names the platform as who decides: an admin took it up again
    after its organizer had rejected it.
    """
    is_reserved = refund.status == RefundStatus.APPROVED
    facts = _facts(
        refund.order,
        Reason(refund.reason),
        tickets,
        refund.requested_at,
        own_reserved=refund.amount if is_reserved else Decimal(0),
        override=percentage,
        is_reopened=is_reopened,
    )
    return assess(facts)


def covered(order: Order) -> RefundQuerySet:
    """The requests for chosen tickets that one for the whole order takes the place of.

    They wait for an organizer, whom the customer of a postponed event need not wait for. What an
    admin has taken up again is more than the customer could ask for, and waits for the platform.
    """
    asked = order.refunds.undecided().filter(reason=Reason.PERSONAL)
    return asked.exclude(status=RefundStatus.PENDING_ADMIN)


def free_tickets(*orders: Order, instead_of: RefundQuerySet | None = None) -> TicketQuerySet:
    """The orders' tickets that are in no other live refund, used ones too, by ascending id."""
    taken = RefundTicket.objects.live().filter(ticket=OuterRef("pk"))
    if instead_of is not None:
        taken = taken.exclude(refund__in=instead_of)
    return Ticket.objects.live().filter(~Exists(taken), order__in=orders).order_by("pk")


def left_out(refund: Refund) -> TicketQuerySet:
    """What a refund of the whole order does not take back: another refund has let go of it since.

    Of a refund of chosen tickets or of a payment that is nothing.
    """
    if refund.calculation_basis != Basis.ORDER_TOTAL:
        return Ticket.objects.none()
    return free_tickets(refund.order)


def is_nothing(found: Claim) -> bool:
    """Whether neither money goes back, nor a ticket for which no money is left."""
    is_settled = found.order.refundable_amount == 0
    return not found.assessment.amount and not (is_settled and found.tickets)


def _check_offered(event: Event, reason: Reason) -> None:
    # First: of a cancelled event everybody gets the money back, even if it was a fraud, too.
    if event.status == Event.Status.CANCELLED:
        raise RefundNotOffered(
            _("The event does not take place. The money goes back in full without a request.")
        )
    # As a fraud: an admin decides which orders it concerns.
    if event.is_closed:
        raise RefundNotOffered(
            _("The event is off. Every order that is affected is refunded in full by itself.")
        )
    if reason is Reason.POSTPONED and event.status != Event.Status.POSTPONED:
        raise RefundNotOffered(_("The event is not postponed. Ask for a personal reason instead."))
    if reason not in (Reason.PERSONAL, Reason.POSTPONED):
        raise RefundNotOffered(_("Only the platform gives money back for this reason."))


def _check_paid(order: Order) -> None:
    if order.status == Order.Status.REFUNDED:
        raise NothingToRefund(_("All of this order was refunded already."))
    if not order.is_settled_as_paid:
        raise NothingToRefund(
            _("The order is {status}; nothing was paid for it.").format(
                status=order.get_status_display()
            )
        )


def _check_nothing_undecided(order: Order) -> None:
    undecided = order.refunds.undecided().exclude(pk__in=covered(order))
    if undecided.exists():
        waiting = RefundTicket.objects.filter(refund__in=undecided)
        raise TicketNotRefundable(
            _("Another request for this order waits for a decision. Wait for it first."),
            tickets=sorted(waiting.values_list("ticket__code", flat=True)),
        )


def _selected_tickets(order: Order, codes: Sequence[str] | None) -> list[Ticket]:
    free = {ticket.code: ticket for ticket in free_tickets(order)}
    # A used ticket is never given back for a personal reason.
    good = {code: each for code, each in free.items() if each.status == TicketStatus.ACTIVE}
    if codes is None:
        if not good:
            raise NothingToRefund(_("The order has no ticket left that could be given back."))
        return list(good.values())
    refused = sorted(set(codes) - set(good))
    if refused:
        raise TicketNotRefundable(
            _("They were used, refunded, or are in another request: {codes}.").format(
                codes=", ".join(refused)
            ),
            tickets=refused,
        )
    return [good[code] for code in sorted(codes, key=lambda code: good[code].pk)]
