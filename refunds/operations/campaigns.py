"""Which orders a campaign is about, and how far each of them is. Set-wise, in bounded chunks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from orders.models import SETTLED_AS_PAID, Order, OrderStatus
from payments.models import Reversal
from refunds.models import (
    UNDECIDED,
    CampaignOrder,
    CampaignOrderStatus,
    Refund,
    RefundCampaign,
    RefundOverride,
    RefundReason,
    RefundStatus,
)
from ticketing.models import Event, Showing

COLLECTED_AT_ONCE = 1_000
NOTHING = Decimal(0)
OPEN = [CampaignOrderStatus.WAITING, CampaignOrderStatus.REFUNDING]
TAKEN_UP = [CampaignOrderStatus.REFUNDING, CampaignOrderStatus.LISTED]


def has_ground(event: Event, reason: str) -> bool:
    """Whether the event is, as it stands, what the reason says of it."""
    if reason == RefundReason.CANCELLED:
        return bool(event.status == Event.Status.CANCELLED)
    return bool(event.fraud_status == Event.FraudStatus.CONFIRMED)


def paid_orders(event: Event, showing: Showing | None = None) -> QuerySet[Order]:
    """The orders whose money a campaign gives back: all that were ever settled as paid."""
    orders = Order.objects.filter(event=event, status__in=SETTLED_AS_PAID)
    return orders.filter(showing=showing) if showing else orders


def pending_orders(event: Event, showing: Showing | None = None) -> QuerySet[Order]:
    """Orders that may yet be paid; a campaign is not over before they are settled."""
    orders = Order.objects.pending().filter(event=event)
    return orders.filter(showing=showing) if showing else orders


def paid_since(campaign: RefundCampaign) -> QuerySet[Order]:
    """Orders of its scope that are not on its list; of chosen orders there are none.

    By difference and not by position: orders are paid in any order of their ids.
    """
    known = CampaignOrder.objects.filter(campaign=campaign, order=OuterRef("pk"))
    found = paid_orders(campaign.event, campaign.showing).filter(~Exists(known))
    return found.none() if campaign.is_selection else found


def collect(campaign: RefundCampaign) -> int:
    """Take up orders that were paid since the last look, a chunk of them; return how many."""
    found = paid_since(campaign).order_by("pk")
    ids = list(found.values_list("pk", flat=True)[:COLLECTED_AT_ONCE])
    add(campaign, ids)
    return len(ids)


def add(campaign: RefundCampaign, order_ids: Iterable[int]) -> None:
    """Put orders on the campaign's list; those that are on it already stay as they are."""
    rows = [CampaignOrder(campaign=campaign, order_id=order_id) for order_id in order_ids]
    CampaignOrder.objects.bulk_create(rows, ignore_conflicts=True)


def follow(campaign: RefundCampaign) -> None:
    """Settle the entries whose refunds have ended, and follow those again that go on after all.

    Entries change only if they still are as they were read, so it may run beside any other.
    """
    note_refunded(campaign)
    goes_on = Exists(_refunds_that_go_on())
    listed = campaign.orders.filter(status=CampaignOrderStatus.LISTED)
    listed.filter(goes_on).update(status=CampaignOrderStatus.REFUNDING, note="")
    moving = campaign.orders.filter(status=CampaignOrderStatus.REFUNDING)
    stuck = moving.exclude(order__status=OrderStatus.REFUNDED).filter(~goes_on)
    entries = stuck.select_related("order", "refund", "campaign").order_by("pk")
    for entry in entries[:COLLECTED_AT_ONCE]:
        why = why_not_refunded(entry)
        moving.filter(pk=entry.pk).update(status=CampaignOrderStatus.LISTED, note=why)


def note_refunded(campaign: RefundCampaign) -> None:
    """Close the entries whose orders are refunded, whoever did it and however late."""
    taken_up = campaign.orders.filter(status__in=TAKEN_UP, order__status=OrderStatus.REFUNDED)
    taken_up.update(status=CampaignOrderStatus.DONE, note="")


def _refunds_that_go_on() -> QuerySet[Refund]:
    """Refunds of an entry's order that come to an end with nobody's help.

    One that waits for its turn does, unless the one before it waits for a person.
    """
    before = Refund.objects.filter(
        order=OuterRef("order"),
        status=RefundStatus.PAYMENT_FAILED,
        reversal__status__in=Reversal.OPEN,
    )
    waits = Q(status=RefundStatus.APPROVED) & ~Exists(before)
    of_order = Refund.objects.filter(order=OuterRef("order"), case__isnull=True)
    return of_order.filter(Q(status=RefundStatus.PROCESSING) | waits)


def left_to_retry(campaign: RefundCampaign) -> QuerySet[CampaignOrder]:
    """The listed entries whose orders nobody has decided to leave as they are.

    An admin has who overrode a refund of the order since the campaign took it up: the campaign's
    own, or one that was on its way beside it. Where nothing was missing, it has none of its own.
    """
    taken_up = Coalesce(OuterRef("refund__requested_at"), OuterRef("campaign__started_at"))
    since = Q(refund__order=OuterRef("order"), at__gte=taken_up)
    listed = campaign.orders.filter(status=CampaignOrderStatus.LISTED)
    return listed.filter(~Exists(RefundOverride.objects.filter(since)))


def why_not_refunded(entry: CampaignOrder) -> str:
    """What a person has to know about an order that is not refunded in full."""
    order = entry.order
    refunds = order.refunds.filter(case__isnull=True)
    failed = refunds.filter(status=RefundStatus.PAYMENT_FAILED).order_by("pk").first()
    if failed is not None:
        said = failed.provider_error.get("message", "")
        return f"Refund {failed.pk} waits for a decision: the provider did not pay it out. {said}"
    last = refunds.exclude(status__in=UNDECIDED).order_by("-pk").first()
    missing = order.total_amount - order.refunded_amount
    ending = f"; refund {last.pk} is {last.status}" if last else ""
    return f"{missing} {order.currency} have not gone back{ending}{_overridden(entry)}."


def _overridden(entry: CampaignOrder) -> str:
    """By whom it was decided, if that is why money is missing."""
    taken_up = entry.refund.requested_at if entry.refund else entry.campaign.started_at
    since = RefundOverride.objects.filter(refund__order=entry.order_id, at__gte=taken_up)
    last = since.select_related("actor").order_by("-pk").first()
    if last is None:
        return ""
    percentage, actor, note = last.new_percentage, last.actor, last.note.rstrip(".")
    return f"; refund {last.refund_id} was overridden to {percentage} % by {actor}: {note}"


def counts(campaign: RefundCampaign) -> dict[str, int]:
    """How many entries are in which state."""
    rows = campaign.orders.values_list("status").annotate(count=Count("pk")).order_by()
    return {**dict.fromkeys(CampaignOrderStatus.values, 0), **dict(rows)}


def totals(orders: QuerySet[Order]) -> dict[str, str | int]:
    """Orders and money of a scope, in one query; amounts as exact digits."""
    found = orders.aggregate(
        count=Count("pk"),
        sold=Sum("total_amount", default=NOTHING),
        refunded=Sum("refunded_amount", default=NOTHING),
        reserved=Sum("refund_reserved_amount", default=NOTHING),
    )
    found["left"] = found["sold"] - found["refunded"] - found["reserved"]
    amounts = {name: f"{found[name]:.2f}" for name in ("sold", "refunded", "reserved", "left")}
    return {"orders": found["count"], **amounts}
