"""What an order's page says about its refunds, and whether one can be asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from orders.models import Order, OrderStatus
from orders.pages.parts import Part, fills
from orders.places import ticketed_place
from refunds.explanations import in_language
from refunds.models import Refund, RefundStatus

BADGES = {
    RefundStatus.REJECTED: "bad",
    RefundStatus.FAILED: "bad",
    RefundStatus.COMPLETED: "good",
    RefundStatus.PARTIAL: "good",
}
# A provider's refusal is the back office's to deal with; for the customer nothing has ended.
UNDER_WAY = (RefundStatus.PROCESSING, RefundStatus.PAYMENT_FAILED)


@fills("money_back")
def money_back(order: Order, now: datetime) -> Part | None:
    refunds = Refund.objects.filter(order=order).shown().order_by("-requested_at", "-pk")
    shown = [_shown(order, refund) for refund in refunds]
    can_ask = _can_ask(order)
    if not shown and not can_ask:
        return None
    return Part(
        "refunds/pages/of_order.html",
        {"code": order.code, "refunds": shown, "can_ask": can_ask, "showing": order.showing},
    )


def _can_ask(order: Order) -> bool:
    is_paid = order.is_settled_as_paid and order.status != OrderStatus.REFUNDED
    return is_paid and not order.event.is_closed


def _shown(order: Order, refund: Refund) -> dict[str, Any]:
    tickets = refund.shown_tickets  # type: ignore[attr-defined]
    status = RefundStatus(refund.status)
    is_under_way = status in UNDER_WAY
    return {
        "refund": refund,
        "status": RefundStatus.PROCESSING.label if is_under_way else status.label,
        "badge": BADGES.get(status, "warn"),
        "is_approved": status == RefundStatus.APPROVED or is_under_way,
        "amount": order.price_tag(refund.amount),
        "places": [ticketed_place(each.ticket) for each in tickets],
        "steps": [step["text"] for step in in_language(refund.explanation, get_language() or "en")],
    }
