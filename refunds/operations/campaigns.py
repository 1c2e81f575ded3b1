"""Which orders a campaign is about, and how far each of them is. Set-wise, in bounded chunks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from orders.models import SETTLED_AS_PAID, Order, OrderStatus, Ticket, TicketStatus
from payments.models import CaseKind, PaymentCase
from refunds.models import (
    RESERVED,
    UNDECIDED,
    CampaignOrder,
    CampaignOrderStatus,
    Refund,
    RefundCampaign,
    RefundStatus,
)
from ticketing.models import Event, Showing

COLLECTED_AT_ONCE = 1_000
UNDER_WAY = [RefundStatus.APPROVED, RefundStatus.PROCESSING]


def paid_orders(event: Event, showing: Showing | None = None) -> QuerySet[Order]:
    """The orders whose money a campaign gives back: all that were ever settled as paid."""
    orders = Order.objects.filter(event=event, status__in=SETTLED_AS_PAID)
    return orders.filter(showing=showing) if showing else orders


def pending_orders(event: Event, showing: Showing | None = None) -> QuerySet[Order]:
    """Orders that may yet be paid; a campaign is not over before they are settled."""
    orders = Order.objects.pending().filter(event=event)
    return orders.filter(showing=showing) if showing else orders


def collect(campaign: RefundCampaign) -> int:
    """Take up orders that were paid since the last look, a chunk of them; return how many.

    By difference and not by position: orders are paid in any order of their ids.
    """
    if campaign.is_selection:
        return 0
    known = CampaignOrder.objects.filter(campaign=campaign, order=OuterRef("pk"))
    found = paid_orders(campaign.event, campaign.showing).filter(~Exists(known))
    ids = list(found.order_by("pk").values_list("pk", flat=True)[:COLLECTED_AT_ONCE])
    add(campaign, ids)
    return len(ids)


def add(campaign: RefundCampaign, order_ids: Iterable[int]) -> None:
    """Put orders on the campaign's list; those that are on it already stay as they are."""
    rows = [CampaignOrder(campaign=campaign, order_id=order_id) for order_id in order_ids]
    CampaignOrder.objects.bulk_create(rows, ignore_conflicts=True)


def follow(campaign: RefundCampaign) -> int:
    """Settle the entries whose refunds have ended; return how many are still under way."""
    moving = campaign.orders.filter(status=CampaignOrderStatus.REFUNDING)
    moving.filter(order__status=OrderStatus.REFUNDED).update(status=CampaignOrderStatus.DONE)
    refunds = Refund.objects.filter(order=OuterRef("order"), case__isnull=True)
    stuck = moving.filter(~Exists(refunds.filter(status__in=UNDER_WAY)))
    for entry in stuck.select_related("order")[:COLLECTED_AT_ONCE]:
        entry.status, entry.note = CampaignOrderStatus.LISTED, why_not_refunded(entry.order)
        entry.save(update_fields=["status", "note"])
    return moving.count()


def why_not_refunded(order: Order) -> str:
    """What a person has to know about an order that is not refunded in full."""
    failed = order.refunds.filter(status=RefundStatus.PAYMENT_FAILED).order_by("pk").first()
    if failed is not None:
        said = failed.provider_error.get("message", "")
        return f"Refund {failed.pk} waits for a decision: the provider did not pay it out. {said}"
    ended = order.refunds.exclude(status__in=UNDECIDED).filter(case__isnull=True)
    last = ended.order_by("-pk").first()
    missing = order.total_amount - order.refunded_amount
    ending = f"; refund {last.pk} is {last.status}" if last else ""
    return f"{missing} {order.currency} have not gone back{ending}."


def counts(campaign: RefundCampaign) -> dict[str, int]:
    """How many entries are in which state."""
    rows = campaign.orders.values_list("status").annotate(count=Count("pk")).order_by()
    return {**dict.fromkeys(CampaignOrderStatus.values, 0), **dict(rows)}


def totals(orders: QuerySet[Order]) -> dict[str, str | int]:
    """Orders and money of a scope, in one query; amounts as exact digits."""
    found = orders.aggregate(
        count=Count("pk"),
        sold=Sum("total_amount"),
        refunded=Sum("refunded_amount"),
        reserved=Sum("refund_reserved_amount"),
    )
    money = {name: found[name] or Decimal(0) for name in ("sold", "refunded", "reserved")}
    left = money["sold"] - money["refunded"] - money["reserved"]
    return {"orders": found["count"], **{k: str(v) for k, v in money.items()}, "left": str(left)}


def obstacles(orders: QuerySet[Order]) -> dict[str, int]:
    """What of a scope a person will have to look at, or should know before."""
    refunds = Refund.objects.filter(order=OuterRef("pk"), case__isnull=True)
    used = Ticket.objects.filter(order=OuterRef("pk"), status=TicketStatus.USED)
    late = PaymentCase.objects.open().filter(
        order=OuterRef("pk"), kind__in=[CaseKind.LATE, CaseKind.DUPLICATE]
    )
    return orders.aggregate(
        used=Count("pk", filter=Q(Exists(used))),
        waiting_requests=Count("pk", filter=Q(Exists(refunds.filter(status__in=UNDECIDED)))),
        failed_refunds=Count(
            "pk", filter=Q(Exists(refunds.filter(status=RefundStatus.PAYMENT_FAILED)))
        ),
        on_their_way=Count("pk", filter=Q(Exists(refunds.filter(status__in=RESERVED)))),
        partly_refunded=Count(
            "pk", filter=Q(refunded_amount__gt=0) & Q(refunded_amount__lt=F("total_amount"))
        ),
        second_payments=Count("pk", filter=Q(Exists(late))),
    )
