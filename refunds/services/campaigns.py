"""Refund all orders of an event that does not take place: prepare, start, pause, go on, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from jobs import outbox
from orders.models import Order
from refunds.errors import CampaignNotPossible
from refunds.models import CampaignOrderStatus, RefundCampaign, RefundReason
from refunds.operations import campaigns
from ticketing.models import Event, Showing
from ticketing.roles import require_admin


@dataclass(frozen=True)
class Preview:
    """What a campaign would do if it were started now."""

    totals: dict[str, str | int]
    pending: int
    obstacles: dict[str, int]


def preview_campaign(
    *, event: Event, showing: Showing | None = None, order_ids: Sequence[int] | None = None
) -> Preview:
    """The dry run: orders, money, and what can't be automatic. Changes and locks nothing."""
    orders = campaigns.paid_orders(event, showing)
    if order_ids is not None:
        orders = orders.filter(pk__in=order_ids)
    pending = campaigns.pending_orders(event, showing).count()
    return Preview(campaigns.totals(orders), pending, campaigns.obstacles(orders))


@transaction.atomic(durable=True)
def prepare_campaign(
    *,
    event_id: int,
    reason: RefundReason,
    by: User | None,
    showing_id: int | None = None,
    order_ids: Sequence[int] | None = None,
) -> RefundCampaign:
    """Make a draft: of the whole event, of one showing, or of these paid orders.

    There is one campaign for a whole event and a reason; asked for again it is returned. Locks the
    event. `by` None is the system. Raises NotAllowed, CampaignNotPossible unless the event
    is cancelled, or its fraud confirmed.
    """
    _check_admin(by)
    event = Event.objects.get_for_update(event_id)
    _check_event(event, reason)
    is_whole = showing_id is None and order_ids is None
    earlier = RefundCampaign.objects.filter(
        event=event, reason=reason, showing__isnull=True, is_selection=False
    ).first()
    if is_whole and earlier:
        return earlier
    campaign = RefundCampaign.objects.create(
        event=event,
        showing_id=showing_id,
        is_selection=order_ids is not None,
        reason=reason,
        created_at=timezone.now(),
    )
    if order_ids is not None:
        _select(campaign, order_ids)
    return campaign


@transaction.atomic(durable=True)
def start_campaign(*, campaign_id: int, by: User | None, reason: str) -> RefundCampaign:
    """Begin to send money back. Started again it changes nothing. Locks the campaign."""
    _check_admin(by)
    campaign = _locked(campaign_id)
    if campaign.status == RefundCampaign.Status.RUNNING:
        return campaign
    _move(campaign, "start", by=by, reason=reason)
    return campaign


@transaction.atomic(durable=True)
def pause_campaign(*, campaign_id: int, by: User, reason: str) -> RefundCampaign:
    """Take up no further order; refunds approved so far go their way. Locks the campaign."""
    _check_admin(by)
    campaign = _locked(campaign_id)
    _move(campaign, "pause", by=by, reason=reason)
    return campaign


@transaction.atomic(durable=True)
def resume_campaign(*, campaign_id: int, by: User, reason: str) -> RefundCampaign:
    """Go on where it was paused. Locks the campaign."""
    _check_admin(by)
    campaign = _locked(campaign_id)
    _move(campaign, "resume", by=by, reason=reason)
    return campaign


@transaction.atomic(durable=True)
def retry_campaign(*, campaign_id: int, by: User, reason: str) -> RefundCampaign:
    """Take up the listed orders once more, after somebody looked at them. Locks the campaign."""
    _check_admin(by)
    campaign = _locked(campaign_id)
    listed = campaign.orders.filter(status=CampaignOrderStatus.LISTED)
    listed.update(status=CampaignOrderStatus.WAITING, note="")
    if campaign.status == RefundCampaign.Status.COMPLETED:
        _move(campaign, "reopen", by=by, reason=reason)
    return campaign


def _locked(campaign_id: int) -> RefundCampaign:
    return RefundCampaign.objects.select_for_update(of=("self",)).get(pk=campaign_id)


def _check_admin(by: User | None) -> None:
    if by is not None:
        require_admin(by, _("Only platform admins refund whole events."))


def _check_event(event: Event, reason: RefundReason) -> None:
    if reason == RefundReason.CANCELLED and event.status != Event.Status.CANCELLED:
        raise CampaignNotPossible(_("Confirm the cancellation of the event first."))
    if reason == RefundReason.FRAUD and event.fraud_status != Event.FraudStatus.CONFIRMED:
        raise CampaignNotPossible(_("Confirm the fraud first."))


def _select(campaign: RefundCampaign, order_ids: Sequence[int]) -> None:
    found: QuerySet[Order] = campaigns.paid_orders(campaign.event, campaign.showing)
    known = set(found.filter(pk__in=order_ids).values_list("pk", flat=True))
    foreign = sorted(set(order_ids) - known)
    if foreign or not order_ids:
        raise CampaignNotPossible(_("Name paid orders of this event, and at least one."))
    campaigns.add(campaign, sorted(known))


def _move(campaign: RefundCampaign, name: str, *, by: User | None, reason: str) -> None:
    now = timezone.now()
    move: Any = getattr(campaign, name)
    if not can_proceed(move):
        raise CampaignNotPossible(
            _("The campaign is {status}.").format(status=campaign.get_status_display())
        )
    move(by=by, at=now, reason=reason)
    campaign.save()
    if campaign.status == RefundCampaign.Status.RUNNING:
        outbox.enqueue("refunds.campaign_due", run_at=now, campaign_id=campaign.pk)
