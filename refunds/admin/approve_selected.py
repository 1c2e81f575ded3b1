"""Approving many refunds at once: first shown with what they come to, then one by one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.back_office import Paged
from refunds import services
from refunds.admin.parts import before_approval
from refunds.models import UNDECIDED, Refund
from ticketing.asking import seen_amount
from ticketing.back_office import reader
from ticketing.errors import DomainError

AT_ONCE = 200  # one request: each is a transaction of its own


@admin.action(description=gettext_lazy("Approve selected refunds"), permissions=["decide"])
def approve_selected(
    desk: Paged, request: HttpRequest, refunds: QuerySet[Refund]
) -> HttpResponse | None:
    """Show what is selected and what it comes to; approve it when that is confirmed."""
    chosen = list(refunds.select_related("order__event__organizer").order_by("pk")[: AT_ONCE + 1])
    if len(chosen) > AT_ONCE:
        messages.error(request, _("Select {count} at most.").format(count=AT_ONCE))
        return None
    if "confirmed" in request.POST:
        _approve(request, chosen)
        _tell_left_out(request, chosen)
        return None
    waiting = [refund for refund in chosen if _waits_for(reader(request), refund)]
    if not waiting:
        messages.error(request, _("None of these waits for your decision."))
        return None
    _tell_left_out(request, waiting)
    return _ask(desk, request, waiting)


def _waits_for(user: User, refund: Refund) -> bool:
    return refund.status in UNDECIDED and services.may_decide(refund, user)


def _tell_left_out(request: HttpRequest, taken: Sequence[Refund]) -> None:
    """Some may be gone from the list, too, that was narrowed to those that wait."""
    count = len(set(request.POST.getlist(ACTION_CHECKBOX_NAME))) - len(taken)
    if count > 0:
        told = _("{count} of those you selected are left out: they do not wait for you (any more).")
        messages.warning(request, told.format(count=count))


def _ask(desk: Paged, request: HttpRequest, refunds: Sequence[Refund]) -> HttpResponse:
    total = sum((refund.amount for refund in refunds), Decimal(0))
    return desk.show(
        request,
        "refunds/approve_selected.html",
        title=_("Approve selected refunds"),
        rows=[
            (refund, refund.order.price_tag(refund.amount), _shown(refund), before_approval(refund))
            for refund in refunds
        ],
        total=refunds[0].order.price_tag(total),
        checkbox=ACTION_CHECKBOX_NAME,
    )


def _approve(request: HttpRequest, refunds: Sequence[Refund]) -> None:
    for refund in refunds:
        order = refund.order
        try:
            shown = _amount(request.POST.get(_shown(refund), ""))
            services.approve_refund(refund_id=refund.pk, by=reader(request), shown_amount=shown)
        except DomainError as refusal:
            messages.error(request, f"{order}: {refusal}")
        else:
            amount = order.price_tag(refund.amount)
            told = _("{order}: {amount} approved.")
            messages.success(request, told.format(order=order, amount=amount))


def _shown(refund: Refund) -> str:
    """The name of the hidden field with the amount that the page shows."""
    return f"shown_amount_{refund.pk}"


def _amount(given: str) -> Decimal | None:
    """What was shown; None for a form that does not say it."""
    try:
        shown: Decimal | None = seen_amount(required=False).clean(given)
    except ValidationError:
        return None
    return shown
