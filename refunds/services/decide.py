"""Organizers and admins decide about refunds that wait for them."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from refunds.errors import AmountChanged, NoteRequired, RefundAlreadyDecided
from refunds.models import UNDECIDED, Refund, RefundReason
from refunds.operations import decisions
from refunds.operations.claims import left_out, reassess
from refunds.operations.decisions import Locked
from ticketing.errors import NotAllowed
from ticketing.roles import is_admin, is_organizer_of


def may_decide(refund: Refund, user: User) -> bool:
    """Whether the policy lets this user decide: organizers on personal reasons of own events.

    Admins may step in everywhere, and take their place at events that are off; nobody decides
    about money for himself.
    """
    if refund.requested_by_id == user.pk:
        return False
    if is_admin(user):
        return True
    is_personal = refund.reason == RefundReason.PERSONAL
    is_theirs = is_personal and refund.is_up_to_organizer
    return is_theirs and is_organizer_of(user, refund.order.event)


@transaction.atomic(durable=True)
def approve_refund(*, refund_id: int, by: User, shown_amount: Decimal | None = None) -> Refund:
    """Set the money aside; a job pays it back.

    With a `shown_amount` nothing is decided unless that is still what goes back; nor if another
    refund of the order has changed what is missing to the policy's part of it, or has let go of a
    ticket; nor a whole order's while another request waits beside it. Locks order, refund, tickets
    by ascending id. Raises NotAllowed, RefundAlreadyDecided, AmountChanged, RefundTooLarge, and
    TicketNotRefundable when a ticket was used or asked for otherwise meanwhile.
    """
    found = _locked(refund_id, by)
    decisions.check_as_shown(found.refund.order, shown_amount, found.refund.amount)
    _check_still_missing(found)
    decisions.approve([found], by=by, at=timezone.now(), reason=f"{by} approved it.")
    return found.refund


@transaction.atomic(durable=True)
def reject_refund(
    *, refund_id: int, by: User, reason: str, shown_amount: Decimal | None = None
) -> Refund:
    """Refuse it; `reason` is told to the customer.

    With a `shown_amount` nothing is decided unless that is still what was asked for. Locks order,
    refund, tickets by ascending id. Raises NotAllowed, RefundAlreadyDecided, AmountChanged,
    NoteRequired.
    """
    if not reason.strip():
        raise NoteRequired(_("Tell the customer why the refund is refused."))
    found = _locked(refund_id, by)
    decisions.check_as_shown(found.refund.order, shown_amount, found.refund.amount)
    decisions.reject(found, by=by, at=timezone.now(), reason=reason.strip())
    return found.refund


def _check_still_missing(found: Locked) -> None:
    """Of a whole order goes back what is missing to its percentage: others may have moved since."""
    refund, tickets = found
    # The base of a personal reason is its tickets, whatever else of the order goes back.
    if refund.reason != RefundReason.POSTPONED:
        return
    decisions.check_nothing_beside(refund)
    percentage = refund.percentage_applied
    missing = reassess(refund, tickets, percentage).amount
    if missing != refund.amount or left_out(refund).exists():
        raise AmountChanged(
            _(
                "Another refund of the order has changed since: {amount} are missing to "
                "{percentage} % now. Override it with {percentage} % to take that over, with the "
                "tickets that are in no refund any more, or reject it."
            ).format(amount=refund.order.price_tag(missing), percentage=percentage)
        )


def _locked(refund_id: int, by: User) -> Locked:
    """Lock it for this user to decide; raises RefundAlreadyDecided or NotAllowed."""
    found = decisions.lock(refund_id)
    refund = found.refund
    # Asked first: whoever comes too late hears of the decision, and not that it is none of theirs.
    if refund.status not in UNDECIDED:
        raise RefundAlreadyDecided(
            _("The refund is {status}.").format(status=refund.get_status_display())
        )
    if not may_decide(refund, by):
        raise NotAllowed(
            _(
                "Organizers decide about personal reasons of their own events unless these are "
                "off; the rest is up to the platform, and nobody decides about their own refund."
            )
        )
    return found
