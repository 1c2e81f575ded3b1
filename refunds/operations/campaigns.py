"""Which orders a campaign is about, and how far each of them is. Set-wise, in bounded chunks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django_fsm_log.models import StateLog

from orders.models import SETTLED_AS_PAID, Order, OrderStatus
from payments.models import Reversal
from refunds.models import (
    RESERVED,
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
    """Whether the event is, as it stands, what the reason says of it; as `with_ground`."""
    if reason == RefundReason.CANCELLED:
        return bool(event.status == Event.Status.CANCELLED)
    return bool(event.fraud_status == Event.FraudStatus.CONFIRMED)


def confirmed_at(event: OuterRef) -> Subquery:
    """When the event turned out to be a fraud, for the last time if it did more than once."""
    of_events = ContentType.objects.get_for_model(Event)
    logged = StateLog.objects.filter(content_type=of_events, object_id=event)
    steps = logged.filter(transition="confirm_fraud").order_by("-pk")
    return Subquery(steps.values("timestamp")[:1])


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


def left_behind(campaign: RefundCampaign) -> int:
    """How many orders it would take up if it went on now, or list, as their refunds have ended."""
    ended = unattended(CampaignOrderStatus.REFUNDING).filter(campaign=campaign).count()
    waiting = campaign.orders.filter(status=CampaignOrderStatus.WAITING)
    on_its_list = waiting.exclude(order__status=OrderStatus.REFUNDED).count()
    new = paid_since(campaign).exclude(status=OrderStatus.REFUNDED).count()
    return on_its_list + new + ended


def unattended(status: CampaignOrderStatus) -> QuerySet[CampaignOrder]:
    """Entries whose money stays away, though nobody has decided that or is asked about it."""
    reserved = Refund.objects.filter(
        order=OuterRef("order"), case__isnull=True, status__in=RESERVED
    )
    entries = CampaignOrder.objects.filter(~Exists(reserved), ~Exists(_decisions()), status=status)
    return entries.exclude(order__status=OrderStatus.REFUNDED)


def collect(campaign: RefundCampaign) -> int:
    """Take up orders that were paid since the last look, a chunk of them; return how many."""
    found = paid_since(campaign).order_by("pk")
    ids = list(found.values_list("pk", flat=True)[:COLLECTED_AT_ONCE])
    add(campaign, ids)
    return len(ids)


def add(campaign: RefundCampaign, order_ids: Iterable[int]) -> None:
    """Put orders on the campaign's list; those that are on it already stay as they are."""
    rows = [CampaignOrder(campaign=campaign, order_id=order_id) for order_id in order_ids]
    # Two runners may have found the same orders: whoever comes second finds them on the list.
    CampaignOrder.objects.bulk_create(rows, ignore_conflicts=True)


def follow(campaign: RefundCampaign) -> None:
    """Settle the entries whose refunds have ended.

    Entries change only if they still are as they were read, so it may run beside any other.
    """
    note_refunded(campaign)
    moving = campaign.orders.filter(status=CampaignOrderStatus.REFUNDING)
    stuck = moving.exclude(order__status=OrderStatus.REFUNDED).filter(
        ~Exists(_refunds_that_go_on())
    )
    entries = stuck.select_related("order", "refund", "campaign").order_by("pk")
    for entry in entries[:COLLECTED_AT_ONCE]:
        why = why_not_refunded(entry)
        # As it still moves: somebody else may have settled the entry since it was read.
        moving.filter(pk=entry.pk).update(status=CampaignOrderStatus.LISTED, note=why)


def follow_again(campaign: RefundCampaign) -> None:
    """Follow the listed entries whose refunds go on after all.

    The caller holds the lock of the campaign, which is not completed: nobody follows it then.
    """
    going_on = listed(campaign).filter(Exists(_refunds_that_go_on()))
    going_on.update(status=CampaignOrderStatus.REFUNDING, note="")


def note_refunded(campaign: RefundCampaign) -> None:
    """Close the entries whose orders are refunded, whoever did it and however late."""
    taken_up = campaign.orders.filter(status__in=TAKEN_UP, order__status=OrderStatus.REFUNDED)
    taken_up.update(status=CampaignOrderStatus.DONE, note="")


def close_listed(orders: Iterable[Order]) -> None:
    """Close what is listed of these orders where they are refunded, though its campaign be over.

    What a running campaign takes up at this moment is left to it.
    """
    refunded = [order for order in orders if order.status == OrderStatus.REFUNDED]
    entries = CampaignOrder.objects.filter(order__in=refunded, status=CampaignOrderStatus.LISTED)
    # Whoever takes entries up locks them before their orders, and the caller the other way round:
    # to wait here would be a deadlock.
    free = entries.select_for_update(skip_locked=True, of=("self",))
    if ids := list(free.values_list("pk", flat=True)):
        entries.filter(pk__in=ids).update(status=CampaignOrderStatus.DONE, note="")


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


def listed(campaign: RefundCampaign) -> QuerySet[CampaignOrder]:
    """The entries that a person has to look at."""
    return campaign.orders.filter(status=CampaignOrderStatus.LISTED)


def left_to_retry(campaign: RefundCampaign) -> QuerySet[CampaignOrder]:
    """The listed entries whose orders nobody has decided to leave as they are."""
    return listed(campaign).filter(~Exists(_decisions()))


def take_up_again(entries: QuerySet[CampaignOrder], *, wanted_at: datetime | None = None) -> int:
    """Have them wait for their refunds once more; `wanted_at` is for those named one by one."""
    wanted = {"wanted_at": wanted_at} if wanted_at else {}
    return entries.update(status=CampaignOrderStatus.WAITING, note="", **wanted)


def kept_from(entries: QuerySet[CampaignOrder]) -> QuerySet[CampaignOrder]:
    """Those whose orders are left as an admin's override has them: a person has to decide."""
    return entries.filter(Exists(_decisions())).exclude(order__status=OrderStatus.REFUNDED)


def is_overridden() -> Q:
    """Whether a campaign that is made now would leave an order as an override has it."""
    return Q(Exists(_kept_in(OuterRef("pk")))) & ~Q(status=OrderStatus.REFUNDED)


def _decisions() -> QuerySet[RefundOverride]:
    """The overrides by which an entry's order is left as it is: until it is wanted by name."""
    # Never wanted by name: then every override counts, from the beginning of time.
    wanted_at = Coalesce(OuterRef("wanted_at"), Value(datetime.min.replace(tzinfo=UTC)))
    return _kept_in(OuterRef("order")).filter(at__gt=wanted_at)


def _kept_in(order: OuterRef) -> QuerySet[RefundOverride]:
    """The overrides that keep money of an order back from campaigns, of whatever reason.

    That are those since a campaign took the order up, of the campaign's own refund or of one that
    was on its way beside it. What was overridden before was about something else, and so is what
    a campaign did whose ground has gone since, though it be back: a fraud that was none may be one
    after all. Where nothing was missing, a campaign has no refund of its own.
    """
    taken_up = CampaignOrder.objects.annotate(
        at=Coalesce("refund__requested_at", "campaign__started_at"),
        confirmed_at=confirmed_at(OuterRef("campaign__event")),
    ).filter(
        Q(campaign__reason=RefundReason.CANCELLED) | Q(confirmed_at__lte=OuterRef("at")),
        order=OuterRef("refund__order"),
        campaign__in=RefundCampaign.objects.with_ground(),
    )
    since = taken_up.filter(
        Q(refund__isnull=False) | ~Q(status=CampaignOrderStatus.WAITING),
        at__gte=OuterRef("refund__requested_at"),
        at__lte=OuterRef("at"),
    )
    its_own = taken_up.filter(refund=OuterRef("refund"))  # whatever the clocks say
    # At 100 % nothing is kept back.
    keeps_money = Q(refund__order=order, refund__percentage_applied__lt=100)
    return RefundOverride.objects.filter(keeps_money, Exists(since) | Exists(its_own))


def why_not_refunded(entry: CampaignOrder) -> str:
    """What a person has to know about an order that is not refunded in full."""
    order = entry.order
    refunds = order.refunds.filter(case__isnull=True)
    # Told before anything else: it waits for a person, and what is missing follows from it.
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
    latest = Subquery(_decisions().order_by("-pk").values("pk")[:1])
    decided = CampaignOrder.objects.filter(pk=entry.pk).values(latest=latest)
    last = RefundOverride.objects.select_related("actor").filter(pk__in=decided).first()
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
