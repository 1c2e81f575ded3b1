"""What people are told of a refund, in the language of its order."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django_fsm_log.models import StateLog

from jobs.mail import queue_mail, render_mail
from orders.links import order_page
from orders.services.tell_of_clearing import IN_VAIN
from refunds.explanations import sentences
from refunds.models import PAID_BACK, UNDECIDED, Refund, RefundStatus
from ticketing.models import FraudStatus
from ticketing.roles import members_deciding

TO_CUSTOMER = {
    RefundStatus.PENDING_ORGANIZER: (
        _("We have your refund request for order {order}"),
        _("The organizer of the event decides about it. You get another mail then."),
    ),
    RefundStatus.PENDING_ADMIN: (
        _("We have your refund request for order {order}"),
        _("We look at it and decide. You get another mail then."),
    ),
    RefundStatus.APPROVED: (
        _("Your refund for order {order} is approved"),
        _(
            "{amount} goes back to where the payment came from. Your bank may take some days. "
            "The tickets let nobody in any more."
        ),
    ),
    RefundStatus.REJECTED: (
        _("Your refund for order {order} was refused"),
        _("Why: {rejection} Your tickets stay valid as they were."),
    ),
    RefundStatus.COMPLETED: (
        _("Your money for order {order} is back"),
        _("{amount} went back to where the payment came from."),
    ),
    RefundStatus.PARTIAL: (
        _("Your money for order {order} is back"),
        _("{amount} went back to where the payment came from."),
    ),
    RefundStatus.FAILED: (
        _("No money went back for order {order}"),
        _(
            "We could not carry your refund out and have closed it. Your tickets are as they were. "
            "Answer this mail if you have a question."
        ),
    ),
}
WITHOUT_TICKETS = {  # that are valid, or for a night that is yet to come
    RefundStatus.REJECTED: _("Why: {rejection}"),
    RefundStatus.FAILED: _(
        "We could not carry your refund out and have closed it. Answer this mail if you have a "
        "question."
    ),
}
WITHOUT_MONEY = _("No money has to move. The tickets let nobody in any more.")
BY_HAND = _("{amount} was given back to you. Answer this mail if you can't find it.")
TO_STAFF = {
    RefundStatus.PENDING_ORGANIZER: (
        _("Decide about a refund for order {order}"),
        _("A customer asks {amount} back for a personal reason. You decide."),
    ),
    RefundStatus.PENDING_ADMIN: (
        _("Decide about a refund for order {order}"),
        _("A customer asks {amount} back because the event is postponed. You decide."),
    ),
    RefundStatus.PAYMENT_FAILED: (
        _("A refund for order {order} was not paid out"),
        _("The provider did not give {amount} back: {error} Retry it or settle it by hand."),
    ),
}
DECIDED = (RefundStatus.APPROVED, RefundStatus.REJECTED)


def mail_customer(refund: Refund, status: RefundStatus) -> None:
    """Tell the customer what became of the refund, unless it is nothing new to them."""
    if status not in TO_CUSTOMER or _is_silent(refund, status):
        return
    order, (subject, text) = refund.order, TO_CUSTOMER[status]
    instead = _instead(refund, status)
    if instead == WITHOUT_MONEY:
        subject = TO_CUSTOMER[RefundStatus.APPROVED][0]  # nothing is on its way, nor back
    with translation.override(order.language):
        context = _context(refund, subject, instead or text)
        context["url"] = order_page(order.code)
    message = render_mail("refunds/mail/refund", context, to=[order.email], language=order.language)
    queue_mail(message, key=_key_to_customer(refund, status, instead))


def _is_silent(refund: Refund, status: RefundStatus) -> bool:
    # Whoever paid late or twice was told so when the money came, and nobody approves that.
    if refund.is_of_payment and status == RefundStatus.APPROVED:
        return True
    if status in PAID_BACK and not refund.amount:
        # That no money moves was told with the approval, unless an override came after it.
        return not refund.overrides.filter(at__gt=refund.decision_at).exists()
    return _is_overtaken(refund, status)


def _is_overtaken(refund: Refund, status: RefundStatus) -> bool:
    """Whether it was decided, or a decision taken back, before this could be told."""
    # A mail of the decision is on its way, or was there before this one.
    if status in UNDECIDED:
        return refund.status not in UNDECIDED
    if status == RefundStatus.REJECTED:
        return bool(refund.status != RefundStatus.REJECTED)
    return status == RefundStatus.APPROVED and refund.status in [*UNDECIDED, RefundStatus.REJECTED]


def _instead(refund: Refund, status: RefundStatus) -> str:
    """What is said instead where the usual words would not be true; nothing where they are."""
    if not refund.amount and status in (RefundStatus.APPROVED, *PAID_BACK):
        return WITHOUT_MONEY
    if status in PAID_BACK and refund.payout_evidence:
        return BY_HAND
    if status == RefundStatus.PENDING_ORGANIZER and not refund.is_up_to_organizer:
        return TO_CUSTOMER[RefundStatus.PENDING_ADMIN][1]
    return "" if refund.lets_somebody_in(timezone.now()) else WITHOUT_TICKETS.get(status, "")


def mail_staff(refund: Refund, status: RefundStatus) -> None:
    """Tell those who can do something about it, while there is; each gets a mail of their own."""
    if status not in TO_STAFF or refund.status != status:
        return
    language = settings.LANGUAGE_CODE
    page = reverse("admin:refunds_refund_change", args=[refund.pk])
    with translation.override(language):
        context = _context(refund, *TO_STAFF[status])
        context["url"] = f"{settings.PUBLIC_URL}{page}"
    for user in _deciders(refund):
        message = render_mail("refunds/mail/refund", context, to=[user.email], language=language)
        queue_mail(message, key=f"{_key(refund, status)}:{_try(refund)}:{user.pk}")


def keys_of(refund: Refund) -> list[str]:
    """The keys of all mails about a refund; one that ends in a colon is how several begin."""
    to_customer = [_key(refund, status) for status in TO_CUSTOMER]
    return [*to_customer, *(f"{_key(refund, status)}:" for status in (*TO_STAFF, *DECIDED))]


def _key(refund: Refund, status: RefundStatus) -> str:
    return f"mail:refunds.{status}:{refund.pk}"


def _key_to_customer(refund: Refund, status: RefundStatus, instead: str) -> str:
    """One by which it is found when a fraud turns out to be none, if it leaves the tickets out.

    The approval called them invalid, and they are good then.
    """
    key = _key(refund, status)
    if status in DECIDED:  # once more, when an admin has taken it up again
        key = f"{key}:{refund.decision_at}"
    is_fraud = refund.order.event.fraud_status == FraudStatus.CONFIRMED
    is_silent = instead in WITHOUT_TICKETS.values() and not refund.is_of_payment
    was_approved = StateLog.objects.for_(refund).filter(transition="approve")
    if is_fraud and is_silent and was_approved.exists():
        return f"{IN_VAIN}{refund.order_id}:{key}"
    return key


def _try(refund: Refund) -> str:
    """The latest one, and how far it was when it was told of: then it may get further."""
    return f"{refund.reversal_id}:{refund.provider_error.get('status', '')}"


def _deciders(refund: Refund) -> QuerySet[User]:
    """Who can open the page and decide there: admins where the organizer has nobody who can."""
    members = members_deciding(refund.order.event.organizer_id, refund.requested_by_id)
    members = members.exclude(email="").order_by("pk")
    if refund.is_up_to_organizer and members.exists():
        return members
    admins = User.objects.filter(is_active=True, is_superuser=True)
    return admins.exclude(email="").order_by("pk")


def _context(refund: Refund, subject: str, text: str) -> dict[str, Any]:
    order = refund.order
    facts = {
        "order": order.code,
        "amount": order.price_tag(refund.amount),
        "rejection": refund.rejection_reason,
        "error": refund.provider_error.get("message", ""),
    }
    return {
        "order": order,
        "starts_at": order.showing.local(order.showing.starts_at),
        "subject": gettext(subject).format(**facts),
        "text": gettext(text).format(**facts),
        "reason": refund.get_reason_display(),
        "steps": sentences(refund.explanation),
    }
