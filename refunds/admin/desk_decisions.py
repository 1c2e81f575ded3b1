"""What staff can decide about a refund: who is offered it, and what it will do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from refunds import services
from refunds.admin import desk_forms as forms
from refunds.admin.parts import before_approval
from refunds.models import UNDECIDED, Refund, RefundStatus
from refunds.operations.claims import left_out
from ticketing.asking import Decision
from ticketing.roles import is_admin


def _decides(user: User, refund: Refund) -> bool:
    """Whether it is up to this user. Whoever comes too late is told so, and not turned away."""
    return not _is_undecided(refund) or services.may_decide(refund, user)


def _overrides(user: User, refund: Refund) -> bool:
    return is_admin(user) and refund.requested_by_id != user.pk


def _is_undecided(refund: Refund) -> bool:
    return refund.status in UNDECIDED


def _has_failed(refund: Refund) -> bool:
    return bool(refund.status == RefundStatus.PAYMENT_FAILED)


def _about(sentence: Any, refund: Refund) -> str:
    """The sentence with the refund's own figures."""
    return str(sentence).format(
        amount=refund.order.price_tag(refund.amount),
        order=refund.order.code,
        percentage=refund.percentage_applied,
    )


def _about_keeping(sentence: Any, tickets: Any, refund: Refund) -> str:
    """The sentence, and what its tickets are for then."""
    if not refund.order.is_to_come(timezone.now()):
        tickets = _("The tickets let nobody in: the event is off, or the showing is over.")
    return f"{_about(sentence, refund)} {tickets}"


def _about_approval(refund: Refund) -> str:
    goes_back = _(
        "{amount} goes back to the customer of order {order}, the way the payment came. "
        "The tickets let nobody in any more."
    )
    return f"{_about(goes_back, refund)} {before_approval(refund)}".strip()


def _about_override(refund: Refund) -> str:
    if refund.status == RefundStatus.REJECTED:
        taken_up = _(
            "The refund for order {order} is rejected. A percentage takes it up again: then it "
            "waits for the platform to approve it."
        )
        return _about(taken_up, refund)
    takes_its_place = _(
        "As it stands, {percentage} % go back for order {order}: {amount}. "
        "Another percentage takes the place of it; 0 % rejects the refund."
    )
    count = left_out(refund).count()
    along = _(
        "With any other it also takes back what another refund has let go of since: {count} of "
        "the tickets of the order."
    ).format(count=count)
    return f"{_about(takes_its_place, refund)} {along if count else ''}".strip()


APPROVE = Decision(
    "approve",
    gettext_lazy("Approve"),
    _about_approval,
    services.approve_refund,
    is_possible=_is_undecided,
    is_for=_decides,
    make_form=forms.Approval,
)
REJECT = Decision(
    "reject",
    gettext_lazy("Reject"),
    lambda refund: _about_keeping(
        _("The customer of order {order} does not get {amount} back."),
        _("The tickets stay valid as they are."),
        refund,
    ),
    services.reject_refund,
    is_possible=_is_undecided,
    is_for=_decides,
    make_form=forms.Rejection,
)
OVERRIDE = Decision(
    "override",
    gettext_lazy("Override the percentage"),
    _about_override,
    services.override_refund,
    is_possible=forms.may_be_overridden,
    is_for=_overrides,
    make_form=forms.Override,
)
RETRY = Decision(
    "retry",
    gettext_lazy("Retry at the provider"),
    lambda refund: _about(
        _(
            "The provider is told anew to give {amount} back for order {order}. Look there first: "
            "if it did so before, the customer gets the money twice."
        ),
        refund,
    ),
    services.retry_refund,
    is_possible=_has_failed,
    make_form=forms.Retry,
)
MARK_PAID = Decision(
    "mark-paid",
    gettext_lazy("Mark as paid by hand"),
    lambda refund: _about(
        _(
            "No money moves by this. It is kept that {amount} are back at the customer of order "
            "{order}; tickets, seats and order follow."
        ),
        refund,
    ),
    services.mark_refund_paid,
    is_possible=_has_failed,
    make_form=forms.PaidByHand,
)
MARK_FAILED = Decision(
    "mark-failed",
    gettext_lazy("Give it up"),
    lambda refund: _about_keeping(
        _("The {amount} set aside for order {order} do not go back. The customer is told."),
        _("The tickets are valid again."),
        refund,
    ),
    services.mark_refund_failed,
    is_possible=_has_failed,
    make_form=forms.Failure,
)
