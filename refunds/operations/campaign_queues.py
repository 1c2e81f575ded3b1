"""Which campaigns wait for a person: what the home page of the back office counts."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from orders.models import SETTLED_AS_PAID, Order, OrderStatus
from refunds.models import (
    CampaignOrder,
    CampaignOrderStatus,
    CampaignStatus,
    RefundCampaign,
    RefundReason,
)
from refunds.operations.campaigns import confirmed_at, unattended


def standing_still() -> QuerySet[RefundCampaign]:
    """Those by which orders go without their money until a person starts or resumes them.

    A draft is let lie where another campaign of its event was started instead of it, but for what
    was paid since that one's orders were chosen; or where one of all its orders ever was. One that
    is paused does not follow what it took up: it lists no order whose refund was given up.
    """
    campaigns = RefundCampaign.objects.with_ground().alias(others_chosen_at=_others_chosen_at())
    is_left = _is_left()
    is_still = Q(status=CampaignStatus.PAUSED) | (is_left & Q(others_chosen_at=None))
    return campaigns.filter((is_still & _leaves_behind()) | (is_left & _outsold(_paid_later())))


def _is_left() -> Q:
    """Whether a person has to start it, or another one, for its orders to be refunded.

    Only of a fraud can more be paid once it is completed: the event may be cleared and sell again.
    """
    of_all = _of_its_event().filter(showing=None, is_selection=False, started_at__isnull=False)
    is_draft = Q(status=CampaignStatus.DRAFT) & ~Exists(of_all)
    return is_draft | Q(status=CampaignStatus.COMPLETED, reason=RefundReason.FRAUD)


def _others_chosen_at() -> Subquery:
    """When the orders were chosen of another one that was started instead of it, if one was.

    What was started before the fraud was confirmed anew takes nobody's place.
    """
    was_left = Coalesce(OuterRef("completed_at"), OuterRef("created_at"))
    since = Greatest(was_left, confirmed_at(OuterRef("event")))
    instead = _of_its_event().filter(started_at__gte=since)
    return Subquery(instead.order_by("-created_at").values("created_at")[:1])


def _of_its_event() -> QuerySet[RefundCampaign]:
    return RefundCampaign.objects.with_ground().filter(event=OuterRef("event"))


def _leaves_behind() -> Q:
    """Whether it would take up an order, or list one, if it went on now; as `left_behind`."""
    waiting = CampaignOrder.objects.filter(
        campaign=OuterRef("pk"), status=CampaignOrderStatus.WAITING
    ).exclude(order__status=OrderStatus.REFUNDED)
    ended = unattended(CampaignOrderStatus.REFUNDING).filter(campaign=OuterRef("pk"))
    known = CampaignOrder.objects.filter(order=OuterRef("pk"), campaign=OuterRef(OuterRef("pk")))
    return Exists(waiting) | Exists(ended) | _outsold(_paid().filter(~Exists(known)))


def _paid_later() -> QuerySet[Order]:
    """Those that were paid since others were chosen, and are on the list of none that was begun."""
    taken_up = CampaignOrder.objects.filter(order=OuterRef("pk"))
    begun = taken_up.exclude(campaign__status=CampaignStatus.DRAFT)
    return _paid().filter(~Exists(begun), paid_at__gt=OuterRef("others_chosen_at"))


def _paid() -> QuerySet[Order]:
    """Orders of a campaign's event that were paid, and are not refunded."""
    paid = Order.objects.filter(event=OuterRef("event"), status__in=SETTLED_AS_PAID)
    return paid.exclude(status=OrderStatus.REFUNDED)


def _outsold(orders: QuerySet[Order]) -> Q:
    """Whether any of these is in the scope of a campaign that is not of chosen orders."""
    of_showing = Q(Exists(orders.filter(showing=OuterRef("showing"))))
    return Q(is_selection=False) & (Q(Exists(orders), showing=None) | of_showing)


def with_undecided() -> QuerySet[RefundCampaign]:
    """Those that list orders which nobody has decided to leave as they are, nor is asked about.

    Where a provider refused, the refund asks for itself. A completed campaign counted the orders
    that it listed, so that only the entries of those are read which did list any.
    """
    has_listed = Q(status=CampaignStatus.PAUSED) | Q(totals__listed__gt=0)
    entries = unattended(CampaignOrderStatus.LISTED).filter(campaign=OuterRef("pk"))
    return RefundCampaign.objects.with_ground().filter(has_listed, Exists(entries))
