"""The work of a running campaign, in slices that a crash can cut off at any point."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from orders.models import Order
from refunds.models import CampaignOrder, CampaignOrderStatus, RefundCampaign
from refunds.operations import campaigns
from refunds.operations.whole_orders import refund_whole_order
from refunds.policy import Reason

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0  # well within the lease of a job
AGAIN = timedelta(seconds=30)


def advance_campaign(*, campaign_id: int, seconds: float = SLICE_SECONDS) -> datetime | None:
    """Work on a running campaign for about that long; return when to come back, None if never.

    Takes up orders paid since, approves a refund for each that waits, and settles the entries of
    refunds that have ended; completes the campaign when nothing is left to do. One order, one
    transaction. Safe to repeat, and beside any other run. Locks the entry, order, its refunds,
    tickets by ascending id.
    """
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        campaign = RefundCampaign.objects.select_related("event", "showing").get(pk=campaign_id)
        if campaign.status != RefundCampaign.Status.RUNNING:
            return None
        if not _take_next(campaign) and not campaigns.collect(campaign):
            return _rest(campaign)
    return timezone.now()


def _take_next(campaign: RefundCampaign) -> bool:
    """Refund one waiting order; False if there is none."""
    entry_id = _refund_next(campaign)
    return entry_id is not None


def _refund_next(campaign: RefundCampaign) -> int | None:
    waiting = campaign.orders.filter(status=CampaignOrderStatus.WAITING).order_by("pk")
    entry_id: int | None = None
    try:
        with transaction.atomic(durable=True):
            entry = waiting.select_for_update(skip_locked=True, of=("self",)).first()
            if entry is None:
                return None
            entry_id = entry.pk
            _refund(campaign, entry)
    except Exception as error:
        logger.exception("Entry %s of campaign %s failed.", entry_id, campaign.pk)
        note = f"{type(error).__name__}: {error}".replace("\0", "")
        CampaignOrder.objects.filter(pk=entry_id).update(
            status=CampaignOrderStatus.LISTED, note=note
        )
    return entry_id


def _refund(campaign: RefundCampaign, entry: CampaignOrder) -> None:
    order = Order.objects.get_for_update(entry.order_id)
    entry.refund = refund_whole_order(
        order, Reason(campaign.reason), by=None, at=timezone.now(), why=f"Campaign {campaign.pk}."
    )
    entry.status = CampaignOrderStatus.REFUNDING
    entry.save(update_fields=["refund", "status"])


def _rest(campaign: RefundCampaign) -> datetime | None:
    """Nothing waits: settle what has ended, and complete the campaign once nothing is open."""
    now = timezone.now()
    moving = campaigns.follow(campaign)
    pending = campaigns.pending_orders(campaign.event, campaign.showing)
    if moving or (not campaign.is_selection and pending.exists()):
        return now + AGAIN
    return None if _complete(campaign, now) else now


@transaction.atomic(durable=True)
def _complete(campaign: RefundCampaign, now: datetime) -> bool:
    """Complete it, unless an order turned up in the last moment or somebody stopped it."""
    campaign = RefundCampaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    is_open = campaign.orders.filter(
        status__in=[CampaignOrderStatus.WAITING, CampaignOrderStatus.REFUNDING]
    )
    if campaign.status != RefundCampaign.Status.RUNNING:
        return True
    if is_open.exists() or campaigns.collect(campaign):
        return False
    orders = Order.objects.filter(campaigns__campaign=campaign)
    campaign.totals = {**campaigns.totals(orders), **campaigns.counts(campaign)}
    campaign.complete(by=None, at=now, reason="Every order is refunded or listed.")
    campaign.save()
    return True
