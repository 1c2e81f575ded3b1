"""What an order's page says about its refunds, and whether one can be asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from orders.models import Order, OrderStatus
from orders.pages.parts import Part, fills
from orders.places import ticketed_place
from refunds.explanations import sentences
from refunds.models import PAID_BACK, RESERVED, UNDECIDED, Refund, RefundStatus
from refunds.operations import campaigns

COME_TO_NOTHING = (RefundStatus.REJECTED, RefundStatus.FAILED)
UNDER_WAY = [*UNDECIDED, *RESERVED]
BADGES = {
    RefundStatus.REJECTED: "bad",
    RefundStatus.FAILED: "bad",
    RefundStatus.COMPLETED: "good",
}
TOLD_AS: dict[str, RefundStatus] = {
    # All that was promised is back, even if the tickets had cost more.
    RefundStatus.PARTIAL: RefundStatus.COMPLETED,
    # A provider's refusal is the back office's to deal with; for the customer nothing has ended.
    RefundStatus.PAYMENT_FAILED: RefundStatus.PROCESSING,
}


@fills("money_back")
def money_back(order: Order, now: datetime) -> Part | None:
    refunds = Refund.objects.filter(order=order).shown().order_by("-requested_at", "-pk")
    shown = [_shown(order, refund, now) for refund in refunds]
    can_ask = _can_ask(order)
    if not shown and not can_ask:
        return None
    under_way = [each for each in refunds if each.status in UNDER_WAY]
    return Part(
        "refunds/pages/of_order.html",
        {
            "code": order.code,
            "refunds": shown,
            "can_ask": can_ask,
            "showing": order.showing,
            "is_under_way": bool(under_way),
        },
        awaits=",".join(f"{refund.pk}-{refund.status}" for refund in under_way),
    )


@fills("called_off")
def goes_back_by_itself(order: Order, now: datetime) -> Part | None:
    """The promise of all of it, unless an admin has decided otherwise.

    Nor is it promised where a refund that a campaign made has come to nothing, and nobody has
    decided yet what to do about it.
    """
    if not order.event.is_closed or order.status == OrderStatus.REFUNDED:
        return None
    if campaigns.kept_from(order.campaigns.all()).exists():
        return None
    is_taken_up = order.campaigns.filter(status__in=campaigns.TAKEN_UP).exists()
    on_its_way = order.refunds.filter(case__isnull=True, status__in=RESERVED)
    if is_taken_up and not on_its_way.exists():
        return None
    return Part("refunds/pages/called_off.html", {})


def _can_ask(order: Order) -> bool:
    is_paid = order.is_settled_as_paid and order.status != OrderStatus.REFUNDED
    return is_paid and not order.event.is_closed


def _shown(order: Order, refund: Refund, now: datetime) -> dict[str, Any]:
    tickets = cast("Any", refund).shown_tickets
    status = TOLD_AS.get(refund.status, RefundStatus(refund.status))
    if status == RefundStatus.PENDING_ORGANIZER and order.event.is_closed:
        status = RefundStatus.PENDING_ADMIN  # as `is_up_to_organizer`, by the event that was read
    return {
        "refund": refund,
        "status": status.label,
        "badge": BADGES.get(status, "warn"),
        "is_approved": status in (RefundStatus.APPROVED, RefundStatus.PROCESSING),
        "lets_somebody_in": refund.status in COME_TO_NOTHING and refund.lets_somebody_in(now),
        "is_back": refund.status in PAID_BACK and refund.amount > 0,
        "amount": order.price_tag(refund.amount),
        "places": [ticketed_place(each.ticket) for each in tickets],
        "steps": sentences(refund.explanation),
    }
