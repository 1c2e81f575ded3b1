"""Which campaigns wait for a person: what the home page of the back office counts."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
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

    A draft is let lie where another campaign of its event was started instead of it, or one of all
    its orders ever was. Only of a fraud can more be paid once it is completed: the event may be
    cleared and sell again; what was started before it was confirmed anew takes nobody's place. One
    that is paused does not follow what it took up: it lists no order whose refund was given up.
    """
    begun = RefundCampaign.objects.with_ground().filter(event=OuterRef("event"))
    of_all = begun.filter(showing=None, is_selection=False, started_at__isnull=False)
    was_left = Coalesce(OuterRef("completed_at"), OuterRef("created_at"))
    instead = begun.filter(started_at__gte=Greatest(was_left, confirmed_at(OuterRef("event"))))
    is_draft = Q(status=CampaignStatus.DRAFT) & ~Exists(of_all) & ~Exists(instead)
    is_of_fraud = Q(status=CampaignStatus.COMPLETED, reason=RefundReason.FRAUD)
    is_over = is_of_fraud & ~Exists(instead)
    is_still = Q(status=CampaignStatus.PAUSED) | is_draft | is_over
    waiting = CampaignOrder.objects.filter(
        campaign=OuterRef("pk"), status=CampaignOrderStatus.WAITING
    ).exclude(order__status=OrderStatus.REFUNDED)
    ended = unattended(CampaignOrderStatus.REFUNDING).filter(campaign=OuterRef("pk"))
    known = CampaignOrder.objects.filter(campaign=OuterRef(OuterRef("pk")), order=OuterRef("pk"))
    paid = Order.objects.filter(event=OuterRef("event"), status__in=SETTLED_AS_PAID)
    new = paid.exclude(status=OrderStatus.REFUNDED).filter(~Exists(known))
    is_outsold = Q(Exists(new), showing=None) | Exists(new.filter(showing=OuterRef("showing")))
    has_orders = Q(Exists(waiting)) | Q(Exists(ended)) | (Q(is_selection=False) & is_outsold)
    return RefundCampaign.objects.with_ground().filter(is_still, has_orders)


def with_undecided() -> QuerySet[RefundCampaign]:
    """Those that list orders which nobody has decided to leave as they are, nor is asked about.

    Where a provider refused, the refund asks for itself. A completed campaign counted the orders
    that it listed, so that only the entries of those are read which did list any.
    """
    has_listed = Q(status=CampaignStatus.PAUSED) | Q(totals__listed__gt=0)
    entries = unattended(CampaignOrderStatus.LISTED).filter(campaign=OuterRef("pk"))
    return RefundCampaign.objects.with_ground().filter(has_listed, Exists(entries))
