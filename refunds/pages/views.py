"""Asking for money back: choose, see the amount and why it is that much, then ask."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from orders.models import Order
from orders.pages.access import (
    SignedInRequest,
    customer_action,
    customer_page,
    own_order,
    to_order,
)
from orders.places import priced, ticketed_place
from refunds import services
from refunds.errors import QuoteChanged
from refunds.explanations import sentences
from refunds.models import Refund, RefundStatus
from refunds.operations.claims import Claim, covered
from refunds.pages import parts  # noqa: F401  it fills its slot of the order's page
from refunds.pages.forms import OFFERED, ConfirmForm, RefundForm, returnable_tickets, with_places
from refunds.policy import Reason
from ticketing.errors import DomainError
from ticketing.models import Event


@customer_page
def refund_choose(request: SignedInRequest, code: str) -> HttpResponse:
    return _choice(request, own_order(request, code))


@customer_page
def refund_quote(request: SignedInRequest, code: str) -> HttpResponse:
    order = own_order(request, code)
    form = RefundForm(order, request.GET)
    if not form.is_valid():
        return _choice(request, order, form)
    try:
        return _quote(request, order, form)
    except DomainError as refusal:
        return _choice(request, order, form, refusal)


@customer_action
def refund_request(request: SignedInRequest, order: Order) -> HttpResponse:
    form = ConfirmForm(order, request.POST)
    if not form.is_valid():
        return redirect("refund_choose", code=order.code)
    try:
        refund = services.request_refund(
            order_id=order.pk,
            requester=request.user,
            quoted_amount=form.cleaned_data["amount"],
            idempotency_key=f"page:{form.cleaned_data['key']}",
            request_digest=form.digest,
            **form.wish,
        )
    # The new amount is shown with a button of its own: nothing was asked for yet.
    except QuoteChanged as change:
        return _quote(request, order, form, change)
    messages.success(request, _told(refund))
    return to_order(order.code)


def _told(refund: Refund) -> str:
    if refund.status in (RefundStatus.PENDING_ORGANIZER, RefundStatus.PENDING_ADMIN):
        return _("We have your request. You get a mail as soon as it is decided.")
    if refund.status in (RefundStatus.REJECTED, RefundStatus.FAILED):  # the same page, sent again
        return _("We had your request before. What became of it stands below.")
    return _("Your refund is approved. The money goes back to where it came from.")


def _choice(
    request: SignedInRequest,
    order: Order,
    form: RefundForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """What can be chosen; for each reason that is not offered, why not."""
    offered, refused = _offers(order)
    tickets = returnable_tickets(order) if Reason.PERSONAL in offered else []
    places = priced(order, [ticketed_place(ticket) for ticket in tickets])
    context = {
        "order": order,
        "offered": [reason.value for reason in offered],
        "chosen": _chosen(form, offered),
        "choices": list(zip(tickets, places, strict=True)),
        "ticked": cast("QueryDict", form.data).getlist("tickets") if form else [],
        "errors": [message for told in form.errors.values() for message in told] if form else [],
        "refusal": refusal,
        "refused": refused,
    }
    status = refusal.status if refusal else 400 if form else 200
    return render(request, "refunds/pages/choose.html", context, status=status)


def _offers(order: Order) -> tuple[list[Reason], list[DomainError]]:
    """Reasons that bring something now, and the refusals of the others that say why."""
    offered, refused = [], []
    for reason in OFFERED:
        try:
            services.quote_refund(order_id=order.pk, reason=reason)
            offered.append(reason)
        except DomainError as refusal:
            refused.append(refusal)
    if order.event.status != Event.Status.POSTPONED:
        refused = [] if offered else refused[:1]  # that it is not postponed is no news to anybody
    return offered, refused


def _chosen(form: RefundForm | None, offered: list[Reason]) -> str:
    """The reason that was chosen before, or the one that brings more."""
    named = form.data.get("reason") if form else ""
    return str(named or (offered[-1].value if offered else ""))


def _quote(
    request: SignedInRequest, order: Order, form: RefundForm, change: QuoteChanged | None = None
) -> HttpResponse:
    """What would go back now, step by step, and the button that asks for it."""
    claim = services.quote_refund(order_id=order.pk, **form.wish)
    replaces = claim.reason is Reason.POSTPONED and covered(order).exists()
    context = {"order": order, "change": change, "replaces": replaces, **_shown(claim)}
    return render(request, "refunds/pages/quote.html", context, status=409 if change else 200)


def _shown(claim: Claim) -> dict[str, Any]:
    return {
        "reason": claim.reason.value,
        "tickets": claim.tickets,
        "places": [ticketed_place(ticket) for ticket in with_places(claim.tickets)],
        "amount": claim.assessment.amount,
        "amount_told": claim.order.price_tag(claim.assessment.amount),
        "steps": sentences(claim.explanation),
        "decided_by": claim.decided_by.value,
        "key": uuid.uuid4(),
    }
