"""A customer asks what a refund would bring, and asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Order
from refunds.errors import QuoteChanged
from refunds.models import Refund
from refunds.operations import decisions
from refunds.operations.claims import Claim, claim_for_customer, covered
from refunds.operations.whole_orders import reject_covered
from refunds.policy import DecidedBy, Reason
from ticketing.errors import IdempotencyKeyReused

TAKES_THEIR_PLACE = gettext_lazy("Your later request for the whole order takes its place.")
BY_POLICY = "The event approves refunds for a personal reason by itself."


def quote_refund(
    *, order_id: int, reason: Reason, ticket_codes: Sequence[str] | None = None
) -> Claim:
    """What `request_refund` would make of it at this moment. Changes and locks nothing.

    Raises RefundNotOffered, NothingToRefund, TicketNotRefundable, RefundWindowClosed.
    """
    order = Order.objects.select_related("event", "showing").get(pk=order_id)
    return claim_for_customer(order, reason, ticket_codes, timezone.now())


@transaction.atomic(durable=True)
def request_refund(
    *,
    order_id: int,
    requester: User,
    reason: Reason,
    ticket_codes: Sequence[str] | None = None,
    quoted_amount: Decimal | None = None,
    idempotency_key: str | None = None,
    request_digest: str = "",
) -> Refund:
    """Ask for money back: approved at once, or waiting for the organizer or the platform.

    `ticket_codes` None means all that can be given back; with a `quoted_amount` nothing is asked
    for unless that is still what goes back. The same `idempotency_key` with the same
    `request_digest` gives the refund made the first time. One for the whole order rejects those of
    chosen tickets that wait. Locks order, those, then tickets by ascending id. Raises what
    `quote_refund` raises, QuoteChanged and IdempotencyKeyReused.
    """
    now = timezone.now()
    order = Order.objects.get_for_update(order_id)
    earlier = _earlier_answer(order, idempotency_key, request_digest)
    if earlier:
        return earlier
    if reason is Reason.POSTPONED:
        reject_covered([order], covered(order), TAKES_THEIR_PLACE, by=requester, at=now)
    # Before they are looked at: check-in locks the ticket alone, and not its order.
    _lock_tickets(order, ticket_codes)
    claim = claim_for_customer(order, reason, ticket_codes, now)
    if quoted_amount not in (None, claim.assessment.amount):
        told = _("Look at the new amount before you ask for it.")
        raise QuoteChanged(told, amount=f"{claim.assessment.amount:.2f}")
    refund = decisions.create(claim, by=requester, key=idempotency_key, digest=request_digest)
    _hand_over(claim, refund, now)
    return refund


def _earlier_answer(order: Order, key: str | None, digest: str) -> Refund | None:
    if key is None:
        return None
    earlier = order.refunds.filter(idempotency_key=key).first()
    if earlier:
        IdempotencyKeyReused.check(digest, earlier=earlier.request_digest)
    return earlier


def _lock_tickets(order: Order, codes: Sequence[str] | None) -> None:
    """Whoever goes in with one of them does so before it is looked at, or once this is over."""
    tickets = order.tickets.all() if codes is None else order.tickets.filter(code__in=codes)
    tickets.lock()


def _hand_over(claim: Claim, refund: Refund, now: datetime) -> None:
    """Give it to whoever decides by the policy."""
    if claim.decided_by is DecidedBy.AUTOMATIC:
        found = decisions.Locked(refund, decisions.lock_tickets(refund))
        decisions.approve([found], by=None, at=now, reason=BY_POLICY)
        return
    ask = refund.ask_organizer if claim.decided_by is DecidedBy.ORGANIZER else refund.ask_admin
    ask(by=refund.requested_by, at=now, reason="The customer asked for it.")
    refund.save(update_fields=["status"])
    decisions.tell([refund], at=now)
