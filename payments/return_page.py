"""What somebody who comes back from a provider is told. Anybody may open that page."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from orders.ends import end_of, ended_with_its_event
from orders.models import OrderStatus
from orders.pages.parts import parts_of
from payments.models import GOES_BACK, CaseKind, Payment, PaymentCase, PaymentStatus
from payments.way_back import WayBack, way_back_of
from ticketing.event_changes import why_nothing_to_pay


def state_of(payment: Payment) -> str:
    """One word for what became of this attempt, whatever an address bar says."""
    order = payment.order
    # First: this attempt is over, whatever its order waits for.
    if payment.status == PaymentStatus.FAILED:
        return "failed"
    if order.status == OrderStatus.PENDING_PAYMENT:
        return "checking"
    if payment.status != PaymentStatus.CAPTURED:
        if payment.is_decided:
            return "decided"
        return "checking" if order.is_settled_as_paid else "checking_ended"
    if not order.is_settled_as_paid:
        return "too_late"
    return "paid_twice" if _is_second(payment) else "paid"


def _is_second(payment: Payment) -> bool:
    """Whether another attempt had paid the order before this money came."""
    return PaymentCase.objects.filter(payment=payment, kind=CaseKind.DUPLICATE).exists()


def shown(
    payment: Payment, state: str, visitor: User | AnonymousUser, now: datetime
) -> dict[str, Any]:
    """What the page shows; the mail address only to the customer, signed in."""
    order = payment.order
    is_open = order.status == OrderStatus.PENDING_PAYMENT
    has_ended = not is_open and not order.is_settled_as_paid
    return {
        "state": state,
        "order": order,
        "login_next": reverse("order", args=[order.code]),
        "is_own": visitor.pk == order.customer_id,
        "amount": order.price_tag(payment.amount),
        "way_back": _way_back(payment),
        "reference": payment.txn_ref,
        "provider": payment.provider,
        "minutes_left": _minutes(order.expires_at - now) if is_open else 0,
        "is_open": is_open,
        "is_checked": any(attempt.is_being_checked(now) for attempt in order.payments.all()),
        # An admin may have decided otherwise since, which the order's page knows.
        "is_promised": order.event.is_closed and parts_of(order, now).get("called_off") is not None,
        "was_called_off": has_ended and ended_with_its_event(order, end_of(order)),
        "why_nothing_to_pay": why_nothing_to_pay(order.event),
        "can_choose_again": not is_open and order.showing.is_on_sale(now),
    }


def _way_back(payment: Payment) -> WayBack | None:
    """How far the money is on its way back, if this payment came late or was a second one."""
    case = PaymentCase.objects.filter(payment=payment, kind__in=GOES_BACK).order_by("-pk").first()
    return way_back_of(case) if case else None


def _minutes(left: timedelta) -> int:
    """Whole minutes: nobody is promised more time than there is."""
    return max(0, math.floor(left.total_seconds() / 60))
