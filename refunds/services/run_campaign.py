"""The work of a running campaign, in slices that a crash can cut off at any point."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.utils import timezone

from jobs.stopping import end_of
from jobs.writing import save_together
from orders.models import Order
from refunds.models import CampaignOrder, CampaignOrderStatus, RefundCampaign
from refunds.operations import campaigns
from refunds.operations.whole_orders import refund_whole_orders
from refunds.policy import Reason
from ticketing.models import Event

logger = logging.getLogger(__name__)

AT_ONCE = 100  # orders approved together
TURN_SECONDS = 20.0  # well within the lease of a job
AGAIN = timedelta(seconds=30)


def advance_campaign(*, campaign_id: int, seconds: float = TURN_SECONDS) -> datetime | None:
    """Work on a running campaign for about that long; return when to come back, None if never.

    Takes up orders paid since, approves a refund for each that waits, and settles the entries of
    refunds that have ended; completes the campaign when nothing is left to do. Some orders, one
    transaction. Safe to repeat, and beside any other run. Holds the event as it is; locks the
    entries, then orders, their refunds and tickets, each by ascending id.
    """
    ends = end_of(seconds)
    while time.monotonic() < ends:
        campaign = running(campaign_id)
        if campaign is None:
            return None
        # What waits comes first. Who was paid since is looked for only when nothing waits: that
        # reads all orders of the event.
        if not take_some(campaign, most=AT_ONCE) and not campaigns.collect(campaign):
            return rest(campaign)
    return timezone.now()


def running(campaign_id: int) -> RefundCampaign | None:
    """The campaign as it stands, None unless it is running.

    It is paused when the event turns out to take place after all: no more money goes back.
    """
    campaign = RefundCampaign.objects.select_related("event", "showing").get(pk=campaign_id)
    if campaign.status != RefundCampaign.Status.RUNNING:
        return None
    if campaigns.has_ground(campaign.event, campaign.reason):
        return campaign
    _stop(campaign_id)
    return None


def take_some(campaign: RefundCampaign, *, most: int) -> list[CampaignOrder]:
    """Approve the refunds of at most so many waiting orders; their entries, if any was free.

    None of them once the campaign is stopped: whoever stops it waits for what is being taken up.
    Where they can't be approved together, each is on its own. What fails then is listed with the
    error, but for troubles of the database, which pass.
    """
    waiting = campaign.orders.filter(status=CampaignOrderStatus.WAITING)
    free = waiting.order_by("pk").select_for_update(skip_locked=True, of=("self",))
    taken: list[CampaignOrder] = []
    try:
        with transaction.atomic(durable=True):
            taken = list(free[:most]) if _stays_running(campaign) else []
            if taken:
                _refund(campaign, taken)
    # A lost connection or a deadlock is no fault of an order: the job does it once more.
    except OperationalError:
        raise
    except Exception as error:
        if not taken:
            raise
        # Each call takes the next one that waits: what fails alone is listed, and waits no more.
        if len(taken) > 1:
            return [entry for _ in taken for entry in take_some(campaign, most=1)]
        [entry] = taken
        logger.exception("Order %s can't be refunded.", entry.order_id)
        note = f"{type(error).__name__}: {error}".replace("\0", "")
        waiting.filter(pk=entry.pk).update(status=CampaignOrderStatus.LISTED, note=note)
    return taken


def _stays_running(campaign: RefundCampaign) -> bool:
    """Whether it and its event are still so; nobody changes that until the transaction ends."""
    # Open or closed, it stays as it is until the commit.
    event = Event.objects.hold_open(campaign.event_id)
    is_running = RefundCampaign.objects.filter(pk=campaign.pk, status=campaign.status).exists()
    return is_running and campaigns.has_ground(event, campaign.reason)


def rest(campaign: RefundCampaign) -> datetime | None:
    """Nothing waits: settle what has ended, and complete the campaign once nothing is open.

    Returns when to come back, None once it is completed or was stopped.
    """
    now = timezone.now()
    # First: an entry whose refund goes on after all keeps the campaign from being completed.
    _follow_again(campaign.pk)
    campaigns.follow(campaign)
    pending = campaigns.pending_orders(campaign.event, campaign.showing)
    is_open = campaign.orders.filter(status__in=campaigns.OPEN).exists()
    if is_open or (not campaign.is_selection and pending.exists()):
        return now + AGAIN
    return None if _complete(campaign.pk, now) else now


def _refund(campaign: RefundCampaign, entries: Sequence[CampaignOrder]) -> None:
    """Approve a refund for each; those that an override has decided are listed in the end."""
    orders = Order.objects.select_related("event", "showing")
    locked = orders.filter(pk__in=[entry.order_id for entry in entries]).lock()
    taken = CampaignOrder.objects.filter(pk__in=[entry.pk for entry in entries])
    # Read under the locks of the orders: an admin overrides under the same ones.
    kept = set(campaigns.kept_from(taken).values_list("order", flat=True))
    refunds = refund_whole_orders(
        [order for order in locked if order.pk not in kept],
        Reason(campaign.reason),
        by=None,
        at=timezone.now(),
        why=f"Campaign {campaign.pk}.",
    )
    refund_of = {refund.order_id: refund.pk for refund in refunds}
    for entry in entries:
        # Taken up again after a failure, an order may need none: then the first one is followed.
        entry.refund_id = refund_of.get(entry.order_id, entry.refund_id)
        entry.status = CampaignOrderStatus.REFUNDING
    save_together(entries, "refund", "status")


def _locked(campaign_id: int) -> RefundCampaign:
    """Lock it, not keeping those waiting who add orders to its list: they may be waited for."""
    rows = RefundCampaign.objects.select_for_update(of=("self",), no_key=True)
    return rows.get(pk=campaign_id)


@transaction.atomic(durable=True)
def _follow_again(campaign_id: int) -> None:
    """Follow what goes on after all, unless another runner has completed the campaign."""
    campaign = _locked(campaign_id)
    if campaign.status != RefundCampaign.Status.COMPLETED:
        campaigns.follow_again(campaign)


@transaction.atomic(durable=True)
def _stop(campaign_id: int) -> None:
    campaign = _locked(campaign_id)
    if campaign.status == RefundCampaign.Status.RUNNING:
        campaign.pause(by=None, at=timezone.now(), reason="The event is not off any more.")
        campaign.save()


@transaction.atomic(durable=True)
def _complete(campaign_id: int, now: datetime) -> bool:
    """Complete it unless somebody stopped it; False if an order turned up in the last moment."""
    campaign = _locked(campaign_id)
    if campaign.status != RefundCampaign.Status.RUNNING:
        return True
    # Looked at once more, now under the lock: a retry may have taken entries up since.
    if campaign.orders.filter(status__in=campaigns.OPEN).exists() or campaigns.collect(campaign):
        return False
    orders = Order.objects.filter(campaigns__campaign=campaign)
    campaign.totals = {**campaigns.totals(orders), **campaigns.counts(campaign)}
    campaign.complete(by=None, at=now, reason="Every order is refunded or listed.")
    campaign.save()
    return True
