"""Refund all orders of an event that does not take place: prepare, start, pause, go on, report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from jobs import outbox
from orders.models import Order
from refunds.errors import CampaignNotPossible
from refunds.models import RefundCampaign, RefundReason
from refunds.operations import campaign_report, campaigns
from ticketing.models import Event, Showing
from ticketing.roles import require_admin
from ticketing.transition_log import note


@dataclass(frozen=True)
class Preview:
    """What a campaign would do if it were started now."""

    totals: dict[str, str | int]
    pending: int
    obstacles: dict[str, int]


@dataclass(frozen=True)
class Report:
    """How far a campaign is: the money of its orders as it is now, and their number by state."""

    campaign: RefundCampaign
    totals: dict[str, str | int]
    counts: dict[str, int]


def preview_campaign(
    *, event: Event, showing: Showing | None = None, order_ids: Sequence[int] | None = None
) -> Preview:
    """The dry run: orders, money, and what can't be automatic. Changes and locks nothing."""
    orders = campaigns.paid_orders(event, showing)
    pending = campaigns.pending_orders(event, showing)
    if order_ids is not None:
        orders, pending = orders.filter(pk__in=order_ids), pending.none()
    return Preview(
        campaigns.totals(orders),
        pending.count(),
        campaign_report.obstacles(orders, event, showing),
    )


def find_campaign(
    *,
    event: Event,
    reason: RefundReason,
    showing: Showing | None = None,
    order_ids: Sequence[int] | None = None,
) -> RefundCampaign | None:
    """The campaign of these very orders, if somebody has prepared it."""
    chosen = None if order_ids is None else sorted(set(order_ids))
    return _find(event, reason, showing.pk if showing else None, chosen)


def report_campaign(*, campaign_id: int) -> Report:
    """What became of it so far. Closes what was refunded since somebody looked last."""
    campaign = RefundCampaign.objects.select_related("event", "showing").get(pk=campaign_id)
    campaigns.note_refunded(campaign)
    orders = Order.objects.filter(campaigns__campaign=campaign)
    return Report(campaign, campaigns.totals(orders), campaigns.counts(campaign))


def campaign_rows(*, campaign_id: int) -> Iterator[list[object]]:
    """Each of its orders as a row of `CAMPAIGN_COLUMNS`, however many there are."""
    return campaign_report.rows(RefundCampaign.objects.get(pk=campaign_id))


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

    There is one campaign for a reason and the same orders; asked for again it is returned. Locks
    the event. `by` None is the system. Raises NotAllowed, CampaignNotPossible unless the event is
    cancelled, or its fraud confirmed, and unless showing and orders are of this event.
    """
    _check_admin(by)
    event = Event.objects.get_for_update(event_id)
    _check_event(event, reason)
    _check_showing(event, showing_id)
    chosen = None if order_ids is None else sorted(set(order_ids))
    # Under the lock of the event, so that two who ask at once get the same one.
    earlier = _find(event, reason, showing_id, chosen)
    if earlier:
        return earlier
    campaign = RefundCampaign.objects.create(
        event=event,
        showing_id=showing_id,
        is_selection=chosen is not None,
        reason=reason,
        created_at=timezone.now(),
    )
    if chosen is not None:
        _select(campaign, chosen)
    return campaign


@transaction.atomic(durable=True)
def start_campaign(*, campaign_id: int, by: User | None, reason: str) -> RefundCampaign:
    """Begin to send money back. Started again while it runs it changes nothing. Locks the campaign.

    A completed one begins anew if orders were paid since: an event that was cleared sells again,
    and may turn out to be a fraud after all.
    Raises NotAllowed, CampaignNotPossible, also when the event was cleared meanwhile.
    """
    _check_admin(by)
    campaign = _locked(campaign_id)
    if campaign.status == RefundCampaign.Status.RUNNING:
        return campaign
    _check_event(campaign.event, RefundReason(campaign.reason))
    step = "reopen" if _was_outsold(campaign) else "start"
    _move(campaign, step, by=by, reason=reason)
    return campaign


def may_start(campaign: RefundCampaign) -> bool:
    """Whether it can be started, for the first time or because more was sold since."""
    if not campaigns.has_ground(campaign.event, campaign.reason):
        return False
    return can_proceed(campaign.start) or _was_outsold(campaign)


@transaction.atomic(durable=True)
def pause_campaign(*, campaign_id: int, by: User, reason: str) -> RefundCampaign:
    """Take up no further order; refunds approved so far go their way.

    Locks the event, waits until what is being taken up of it is done, then locks the campaign.
    """
    _check_admin(by)
    # In this order: whoever takes up orders holds the event open first, and looks at the campaign
    # then.
    Event.objects.get_to_close(RefundCampaign.objects.get(pk=campaign_id).event_id)
    campaign = _locked(campaign_id)
    _move(campaign, "pause", by=by, reason=reason)
    return campaign


@transaction.atomic(durable=True)
def resume_campaign(*, campaign_id: int, by: User, reason: str) -> RefundCampaign:
    """Go on where it was paused. Locks the campaign. Raises as `start_campaign`."""
    _check_admin(by)
    campaign = _locked(campaign_id)
    _check_event(campaign.event, RefundReason(campaign.reason))
    _move(campaign, "resume", by=by, reason=reason)
    return campaign


@transaction.atomic(durable=True)
def retry_campaign(
    *, campaign_id: int, by: User, reason: str, order_ids: Sequence[int] | None = None
) -> RefundCampaign:
    """Take up the listed orders once more, or these of them, after somebody looked at them.

    Where an admin has overridden a refund since this or another campaign took its order up, that
    was the decision: such an order stays listed unless it is named. The log says who wanted it.
    Locks the campaign. Raises NotAllowed, CampaignNotPossible.
    """
    _check_admin(by)
    campaign = _locked(campaign_id)
    if order_ids is None:
        has_found = campaigns.take_up_again(campaigns.left_to_retry(campaign))
    else:
        named = campaigns.listed(campaign).filter(order__in=order_ids)
        has_found = campaigns.take_up_again(named, wanted_at=timezone.now())
    if has_found:
        _retry(campaign, by=by, reason=reason)
    return campaign


def _retry(campaign: RefundCampaign, *, by: User, reason: str) -> None:
    """Have a campaign go on that is over; one that is not leaves but a word of it in the log."""
    if campaign.status != RefundCampaign.Status.COMPLETED:
        note(campaign, "retry", by=by, at=timezone.now(), reason=reason)
        return
    _check_event(campaign.event, RefundReason(campaign.reason))
    _move(campaign, "reopen", by=by, reason=reason)


def _locked(campaign_id: int) -> RefundCampaign:
    campaigns_of_events = RefundCampaign.objects.select_related("event")
    return campaigns_of_events.select_for_update(of=("self",)).get(pk=campaign_id)


def _was_outsold(campaign: RefundCampaign) -> bool:
    """Whether it is over, and orders of its event were paid since."""
    is_over = campaign.status == RefundCampaign.Status.COMPLETED
    return is_over and campaigns.paid_since(campaign).exists()


def _check_admin(by: User | None) -> None:
    if by is not None:
        require_admin(by, _("Only platform admins may refund whole events."))


def _check_event(event: Event, reason: RefundReason) -> None:
    if campaigns.has_ground(event, reason):
        return
    if reason == RefundReason.CANCELLED:
        raise CampaignNotPossible(_("Confirm the cancellation of the event first."))
    raise CampaignNotPossible(_("Confirm the fraud first."))


def _check_showing(event: Event, showing_id: int | None) -> None:
    if showing_id and not event.showings.filter(pk=showing_id).exists():
        raise CampaignNotPossible(_("Name a showing of this event."))


def _find(
    event: Event, reason: RefundReason, showing_id: int | None, chosen: list[int] | None
) -> RefundCampaign | None:
    """The campaign of the very same orders, if there is one."""
    same = RefundCampaign.objects.filter(
        event=event, reason=reason, showing=showing_id, is_selection=chosen is not None
    ).order_by("pk")
    if chosen is None:
        return same.first()
    return next((each for each in same if _chosen(each) == chosen), None)


def _chosen(campaign: RefundCampaign) -> list[int]:
    return list(campaign.orders.order_by("order").values_list("order", flat=True))


def _select(campaign: RefundCampaign, order_ids: list[int]) -> None:
    found = campaigns.paid_orders(campaign.event, campaign.showing).filter(pk__in=order_ids)
    if not order_ids or found.count() < len(order_ids):
        raise CampaignNotPossible(_("Name paid orders of this event, and at least one."))
    campaigns.add(campaign, order_ids)


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
