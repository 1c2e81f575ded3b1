"""An admin puts another of the policy's percentages in the place of the computed one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm_log.models import StateLog

from orders.operations import Share, reserve_refunds
from refunds.errors import NoteRequired, OverrideNotAllowed
from refunds.explanations import explain
from refunds.models import UNDECIDED, Refund, RefundOverride, RefundReason, RefundStatus
from refunds.operations import decisions
from refunds.operations.claims import reassess
from refunds.policy import PERCENTAGES, Assessment
from ticketing.errors import NotAllowed
from ticketing.roles import require_admin

OPEN_TO_OVERRIDE = [*UNDECIDED, RefundStatus.APPROVED]


@transaction.atomic(durable=True)
def override_refund(
    *,
    refund_id: int,
    percentage: int,
    by: User,
    note: str,
    shown_amount: Decimal | None = None,
    shown_status: str = "",
) -> Refund:
    """Change the percentage to one of 0, 60, 80, 90 and 100, before the provider is told.

    0 rejects the refund, and `note` is told to the customer. Keeps old and new values, who, when
    and why. With a `shown_amount` nothing is changed unless the percentage still comes to that,
    and with a `shown_status` unless the refund still has that. A refund of the whole order, which
    pays for all of its tickets, takes those of others that have fallen away since. What was
    rejected for a personal reason waits for the platform again, also when it is too late to ask
    anew. Locks order, refund, tickets by ascending id. Raises NotAllowed, NoteRequired,
    AmountChanged, OverrideNotAllowed, TicketNotRefundable, RefundTooLarge; for what was rejected
    RefundNotOffered and NothingToRefund, too.
    """
    _check(percentage, by, note)
    found = decisions.lock(refund_id)
    # Read behind the lock of the order: a campaign may have taken it up just before.
    now = timezone.now()
    _check_open(found.refund, percentage, by)
    _check_as_shown(found.refund, shown_status)
    if found.refund.status == RefundStatus.REJECTED:
        found = decisions.reopen(found, by=by, at=now, reason=note.strip())
    refund, tickets = found
    order = refund.order
    # By this override or an earlier one.
    reopened = StateLog.objects.for_(refund).filter(transition="reopen").exists()
    assessment = reassess(refund, tickets, percentage, is_reopened=reopened)
    decisions.check_as_shown(order, shown_amount, assessment.amount)
    # Before anything moves: it keeps the old figures beside the new ones.
    _keep(refund, assessment, by=by, note=note, now=now)
    if percentage == 0:
        decisions.reject(found, by=by, at=now, reason=note.strip())
    else:
        tickets = decisions.take_left_out(found)
        if refund.status == RefundStatus.APPROVED:
            # The order must have room for the difference only. Its tickets go back as before.
            order.refund_reserved_amount -= refund.amount
            reserve_refunds([Share(order, tickets, assessment.amount)], at=now)
    # Last: until here the refund has the amount that was set aside.
    _apply(refund, assessment)
    return refund


def _check(percentage: int, by: User, note: str) -> None:
    require_admin(by, _("Only platform admins may override a refund."))
    if percentage not in PERCENTAGES:
        allowed = ", ".join(str(each) for each in PERCENTAGES)
        raise OverrideNotAllowed(_("Choose one of {allowed} %.").format(allowed=allowed))
    if not note.strip():
        raise NoteRequired(_("An override needs a note that says why."))


def is_open(refund: Refund) -> bool:
    """Whether its money is not sent, nor has been refused for good."""
    if refund.status == RefundStatus.REJECTED:
        # The rest is asked for again, and is up to admins then.
        return bool(refund.reason == RefundReason.PERSONAL)
    return refund.status in OPEN_TO_OVERRIDE


def _check_open(refund: Refund, percentage: int, by: User) -> None:
    if refund.requested_by_id == by.pk:
        raise NotAllowed(_("Nobody overrides their own refund."))
    if refund.is_of_payment:
        raise OverrideNotAllowed(_("This money was never ours: it goes back in full."))
    if not is_open(refund):
        raise OverrideNotAllowed(
            _("The refund is {status}; an override has to come before the money is sent.").format(
                status=refund.get_status_display()
            )
        )
    if refund.status == RefundStatus.REJECTED and percentage == 0:
        raise OverrideNotAllowed(_("It is rejected already."))


def _check_as_shown(refund: Refund, shown_status: str) -> None:
    """An override of what is rejected has to be approved yet; of what is approved it is at once."""
    if shown_status not in ("", refund.status):
        raise OverrideNotAllowed(
            _("The refund is {status} now. Look again.").format(status=refund.get_status_display())
        )


def _keep(refund: Refund, assessment: Assessment, *, by: User, note: str, now: datetime) -> None:
    RefundOverride.objects.create(
        refund=refund,
        old_percentage=refund.percentage_applied,
        new_percentage=assessment.percentage,
        old_amount=refund.amount,
        new_amount=assessment.amount,
        actor=by,
        note=note.strip(),
        at=now,
    )


def _apply(refund: Refund, assessment: Assessment) -> None:
    refund.percentage_applied, refund.amount = assessment.percentage, assessment.amount
    refund.explanation = explain(assessment.steps, time_zone=refund.order.showing.time_zone)
    refund.save(update_fields=["percentage_applied", "amount", "explanation"])
