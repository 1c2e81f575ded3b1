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
    was paid since that one's orders were chosen; or where one of all its orders ever was. Only of a
    fraud can more be paid once it is completed: the event may be cleared and sell again; what was
    started before it was confirmed anew takes nobody's place. One that is paused does not follow
    what it took up: it lists no order whose refund was given up.
    """
    begun = RefundCampaign.objects.with_ground().filter(event=OuterRef("event"))
    of_all = begun.filter(showing=None, is_selection=False, started_at__isnull=False)
    was_left = Coalesce(OuterRef("completed_at"), OuterRef("created_at"))
    instead = begun.filter(started_at__gte=Greatest(was_left, confirmed_at(OuterRef("event"))))
    is_draft = Q(status=CampaignStatus.DRAFT) & ~Exists(of_all)
    is_left = is_draft | Q(status=CampaignStatus.COMPLETED, reason=RefundReason.FRAUD)
    is_still = Q(status=CampaignStatus.PAUSED) | (is_left & Q(chosen_at=None))
    waiting = CampaignOrder.objects.filter(
        campaign=OuterRef("pk"), status=CampaignOrderStatus.WAITING
    ).exclude(order__status=OrderStatus.REFUNDED)
    ended = unattended(CampaignOrderStatus.REFUNDING).filter(campaign=OuterRef("pk"))
    taken_up = CampaignOrder.objects.filter(order=OuterRef("pk"))
    paid = Order.objects.filter(event=OuterRef("event"), status__in=SETTLED_AS_PAID)
    paid = paid.exclude(status=OrderStatus.REFUNDED)
    new = paid.filter(~Exists(taken_up.filter(campaign=OuterRef(OuterRef("pk")))))
    begun_with = taken_up.exclude(campaign__status=CampaignStatus.DRAFT)
    later = paid.filter(~Exists(begun_with), paid_at__gt=OuterRef("chosen_at"))
    is_waited_for = Exists(waiting) | Exists(ended) | _outsold(new)
    return (
        RefundCampaign.objects.with_ground()
        .alias(chosen_at=Subquery(instead.order_by("-created_at").values("created_at")[:1]))
        .filter((is_still & is_waited_for) | (is_left & _outsold(later)))
    )


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
