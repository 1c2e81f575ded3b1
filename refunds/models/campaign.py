"""Refunding all orders of an event that does not take place."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from orders.models import Order
from refunds.models.choices import RefundReason
from refunds.models.refund import Refund
from ticketing.models import Event, EventStatus, FraudStatus, Showing, one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CAMPAIGN_REASONS = [RefundReason.CANCELLED, RefundReason.FRAUD]


class CampaignStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    COMPLETED = "completed", _("completed")


class RefundCampaignQuerySet(models.QuerySet["RefundCampaign"]):
    def with_ground(self) -> RefundCampaignQuerySet:
        """Those whose event is, as it stands, what their reason says of it."""
        is_cancelled = Q(reason=RefundReason.CANCELLED, event__status=EventStatus.CANCELLED)
        is_fraud = Q(reason=RefundReason.FRAUD, event__fraud_status=FraudStatus.CONFIRMED)
        return self.filter(is_cancelled | is_fraud)


class RefundCampaign(FSMModelMixin, models.Model):
    """One batch of refunds: of an event, of one of its showings, or of orders named beforehand.

    `totals` is the report as it stood when the campaign was last completed.
    """

    Status = CampaignStatus

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="refund_campaigns")
    showing = models.ForeignKey(
        Showing, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_selection = models.BooleanField(default=False)
    reason = models.CharField(max_length=20, choices=RefundReason.choices)
    status = FSMField(choices=CampaignStatus.choices, default=CampaignStatus.DRAFT, protected=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    completed_at = models.DateTimeField(null=True, blank=True)
    totals = models.JSONField(default=dict, blank=True)

    objects = RefundCampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", CampaignStatus, "campaign_status_valid"),
            CheckConstraint(
                name="campaign_reason_is_for_whole_orders",
                condition=Q(reason__in=CAMPAIGN_REASONS),
            ),
            CheckConstraint(
                name="campaign_started_at_unless_draft",
                condition=Q(status="draft") ^ Q(started_at__isnull=False),
            ),
            CheckConstraint(
                name="campaign_completed_at_when_completed",
                condition=Q(status="completed") ^ Q(completed_at__isnull=True),
            ),
            UniqueConstraint(
                # Of chosen orders, and of showings, there may be several: `prepare_campaign` tells
                # them apart.
                name="campaign_once_per_event_and_reason",
                fields=["event", "reason"],
                condition=Q(showing__isnull=True, is_selection=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event}: {self.get_reason_display()}"

    @transition(field=status, source=CampaignStatus.DRAFT, target=CampaignStatus.RUNNING)
    def start(self, *, by: User | None, at: datetime, reason: str) -> None:
        """From here on money goes back."""
        self.started_by, self.started_at = by, at

    @transition(field=status, source=CampaignStatus.RUNNING, target=CampaignStatus.PAUSED)
    def pause(self, *, by: User | None, at: datetime, reason: str) -> None:
        """No further order is taken up; refunds that were approved go their way."""

    @transition(field=status, source=CampaignStatus.PAUSED, target=CampaignStatus.RUNNING)
    def resume(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Go on where it was paused."""

    @transition(field=status, source=CampaignStatus.RUNNING, target=CampaignStatus.COMPLETED)
    def complete(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Every order is refunded, or listed with the reason why not."""
        self.completed_at = at

    @transition(field=status, source=CampaignStatus.COMPLETED, target=CampaignStatus.RUNNING)
    def reopen(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Try those again that could not be refunded, or take up orders found since."""
        self.completed_at = None


class CampaignOrderStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    REFUNDING = "refunding", _("money on its way back")
    DONE = "done", _("refunded")
    LISTED = "listed", _("a person has to look at it")


class CampaignOrder(models.Model):
    """What a campaign does about one order. `note` says why it is listed.

    `wanted_at` is when an admin had this very order taken up, whatever was overridden before.
    Changes set-wise; what moved the money is in the log of the refund and the order.
    """

    Status = CampaignOrderStatus

    # Found by the index of `campaign_order_once`, which begins with the campaign.
    campaign = models.ForeignKey(
        RefundCampaign, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="campaigns")
    status = models.CharField(
        max_length=20, choices=CampaignOrderStatus.choices, default=CampaignOrderStatus.WAITING
    )
    refund = models.ForeignKey(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(blank=True)
    wanted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("status", CampaignOrderStatus, "campaign_order_status_valid"),
            UniqueConstraint(name="campaign_order_once", fields=["campaign", "order"]),
            CheckConstraint(
                name="campaign_order_listed_with_a_note",
                condition=~Q(status="listed") | ~Q(note=""),
            ),
        ]
        indexes = [
            models.Index(
                # The open ones alone, which get fewer: the last orders are found as fast as the
                # first.
                name="campaign_order_open",
                fields=["campaign", "status", "id"],
                condition=Q(status__in=["waiting", "refunding"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.order_id}"
