"""What an order's page says about paying it: how, what became of it, and late money."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from orders.ends import end_of, ended_with_its_event
from orders.models import Order, OrderStatus
from orders.pages.parts import Part, fills, tells_in_list
from payments.models import CaseKind, Payment, PaymentCase, PaymentStatus
from payments.way_back import WayBack, way_back_of
from ticketing.event_changes import why_nothing_to_pay


@fills("paying")
def paying(order: Order, now: datetime) -> Part | None:
    if order.is_settled_as_paid or order.is_given_up(now):
        return None
    if order.status == OrderStatus.PENDING_PAYMENT:
        shown = _way_to_pay(order, now)
        return Part("payments/pages/pay.html", shown, "checked" if shown["is_checked"] else "")
    return _late_money(order)


@tells_in_list
def being_checked(orders: Sequence[Order]) -> dict[int, str]:
    """What the page of each says, too, of an attempt that may have paid it."""
    told = _("We are checking your payment.")
    attempts = Payment.objects.filter(order__in=orders)
    return {attempt.order_id: told for attempt in attempts if attempt.may_have_paid}


def _way_to_pay(order: Order, now: datetime) -> dict[str, object]:
    attempts = list(order.payments.order_by("-pk"))
    return {
        "code": order.code,
        "total": order.price_tag(order.total_amount),
        "is_checked": any(attempt.is_being_checked(now) for attempt in attempts),
        "has_failed": bool(attempts) and attempts[0].status == PaymentStatus.FAILED,
        "is_too_late": order.is_too_late_to_pay(now),
        "why_nothing_to_pay": why_nothing_to_pay(order.event),
        # A new one with each page, so that only the same button pressed twice is the same attempt.
        "key": uuid.uuid4(),
    }


def _late_money(order: Order) -> Part | None:
    """Money that came for an order that had ended by then, or may have."""
    cases = PaymentCase.objects.filter(order=order, kind=CaseKind.LATE).order_by("pk")
    ways = [(case, way_back_of(case)) for case in cases]
    attempts = order.payments.open().prefetch_related("cases")
    is_checked = any(attempt.may_have_paid and not attempt.is_decided for attempt in attempts)
    if not ways and not is_checked:
        return None
    late = [
        {"amount": order.price_tag(case.amount), "reference": case.txn_ref, "way_back": way}
        for case, way in ways
    ]
    shown = {
        "payments": late,
        "showing": order.showing,
        "is_checked": is_checked,
        "was_called_off": ended_with_its_event(order, end_of(order)),
    }
    return Part("payments/pages/late.html", shown, _awaited(ways, is_checked=is_checked))


def _awaited(ways: list[tuple[PaymentCase, WayBack]], *, is_checked: bool) -> str:
    """What an open page waits for."""
    if not is_checked and all(way.is_over for _, way in ways):
        return ""
    return ",".join([*(way.step for _, way in ways), *(["checked"] if is_checked else [])])
