"""Who sells what: organizers and their events."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, models
from django.db.models import CheckConstraint, F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from ticketing.models.rules import one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Organizer(models.Model):
    """Whoever runs events. Its members see and decide about these events, and no others."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="organizers", blank=True
    )

    def __str__(self) -> str:
        return self.name


class EventStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    POSTPONED = "postponed", _("postponed")
    CANCELLED = "cancelled", _("cancelled")


class FraudStatus(models.TextChoices):
    NONE = "none", _("none")
    INVESTIGATING = "investigating", _("under investigation")
    CONFIRMED = "confirmed", _("confirmed")
    CLEARED = "cleared", _("cleared")


# 7004 is the advisory-lock namespace of "not closed while that is done". The key beside a namespace
# has 32 bits, hence a hash: two events that share it wait for each other and no more.
STAYS_OPEN = "SELECT pg_advisory_xact_lock_shared(7004, hashint8(%s))"
CLOSES = "SELECT pg_advisory_xact_lock(7004, hashint8(%s))"


def _take(lock: str, event_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(lock, [event_id])


class EventQuerySet(models.QuerySet["Event"]):
    def public(self) -> EventQuerySet:
        """What everybody may see; a draft is its organizer's alone."""
        return self.exclude(status=EventStatus.DRAFT)

    def closed(self) -> EventQuerySet:
        """Those of which `is_closed` is true."""
        return self.filter(Q(status=EventStatus.CANCELLED) | Q(fraud_status=FraudStatus.CONFIRMED))

    def asked_to_cancel(self) -> EventQuerySet:
        """Their organizers want them cancelled, and no admin has answered yet."""
        asked = self.filter(cancellation_requested_at__isnull=False)
        return asked.exclude(status=EventStatus.CANCELLED)

    def frozen(self) -> EventQuerySet:
        """Their revenue has no number until an admin lifts that."""
        return self.filter(revenue_frozen_at__isnull=False)

    def get_for_update(self, pk: int) -> Event:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)

    def get_for_no_key_update(self, pk: int) -> Event:
        """Lock this row against changes, not keeping those waiting who buy for it."""
        return self.select_for_update(of=("self",), no_key=True).get(pk=pk)

    def get_to_close(self, pk: int) -> Event:
        """Lock this row, then wait until all that was begun with `hold_open` is committed.

        To close it, or to stop what goes on because it is closed. In this order, since staff who
        have locked the event may wait for the seats of whoever waits in `hold_open`.
        """
        event = self.get_for_update(pk)
        _take(CLOSES, pk)
        return event

    def hold_open(self, pk: int) -> Event:
        """As it is, and nobody closes it until the transaction ends; it may be closed already.

        Then it stays so. Any number may do so at the same time. Whoever wants to close it waits in
        line with them: for a lock on a row that is shared without an end one would wait as long.
        """
        _take(STAYS_OPEN, pk)
        # Not read before: whoever closed it while we waited has committed by now, and that is seen.
        return self.get(pk=pk)


class Event(FSMModelMixin, models.Model):
    """A concert, a play, a match; sold through its showings."""

    Status = EventStatus
    FraudStatus = FraudStatus

    organizer = models.ForeignKey(Organizer, on_delete=models.PROTECT, related_name="events")
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=120, unique=True)
    description = models.TextField(blank=True)
    venue = models.CharField(max_length=200, blank=True)
    status = FSMField(choices=EventStatus.choices, default=EventStatus.DRAFT, protected=True)
    fraud_status = FSMField(choices=FraudStatus.choices, default=FraudStatus.NONE, protected=True)
    auto_approve_refund = models.BooleanField(default=False)
    revenue_frozen_at = models.DateTimeField(null=True, blank=True)
    cancellation_requested_at = models.DateTimeField(null=True, blank=True)
    cancellation_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    cancellation_request_reason = models.TextField(blank=True, default="", db_default="")
    fraud_cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    revenue_freeze_lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", EventStatus, "event_status_valid"),
            one_of("fraud_status", FraudStatus, "event_fraud_status_valid"),
            CheckConstraint(
                name="event_frozen_while_fraud_confirmed",
                condition=~Q(fraud_status="confirmed") | Q(revenue_frozen_at__isnull=False),
            ),
            CheckConstraint(
                name="event_frozen_for_fraud_only",
                condition=~Q(fraud_status="none") | Q(revenue_frozen_at__isnull=True),
            ),
            CheckConstraint(
                name="event_cleared_by_somebody",
                condition=Q(fraud_status="cleared") ^ Q(fraud_cleared_by__isnull=True),
            ),
            # A CHECK lets pass what is unknown, as a comparison with nobody is: so it also asks
            # that somebody has cleared it.
            CheckConstraint(
                name="event_freeze_lifted_by_another",
                condition=Q(revenue_freeze_lifted_by__isnull=True)
                | Q(revenue_frozen_at__isnull=True, fraud_cleared_by__isnull=False)
                & ~Q(revenue_freeze_lifted_by=F("fraud_cleared_by")),
            ),
            CheckConstraint(
                name="event_cancellation_request_whole",
                condition=Q(
                    cancellation_requested_at__isnull=True,
                    cancellation_requested_by__isnull=True,
                    cancellation_request_reason="",
                )
                | Q(
                    ~Q(cancellation_request_reason=""),
                    cancellation_requested_at__isnull=False,
                    cancellation_requested_by__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_closed(self) -> bool:
        """Whether it is off: nobody pays for it any more, and nobody gets in."""
        is_fraud = self.fraud_status == FraudStatus.CONFIRMED
        return bool(self.status == EventStatus.CANCELLED or is_fraud)

    @property
    def is_selling(self) -> bool:
        """Whether its state lets tickets be sold at all, whatever the time is.

        An investigation does not stop the sale, since nothing is proved yet; a confirmed fraud
        does. An event that was cleared sells again.
        """
        return bool(self.status == EventStatus.PUBLISHED and not self.is_closed)

    @transition(field=status, source=EventStatus.DRAFT, target=EventStatus.PUBLISHED)
    def publish(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Show it to everybody; from here its tickets can be bought."""

    @transition(field=status, source=EventStatus.PUBLISHED, target=EventStatus.POSTPONED)
    def postpone(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Stop selling until there is a new date."""

    @transition(field=status, source=EventStatus.POSTPONED, target=EventStatus.PUBLISHED)
    def reinstate(self, *, by: User | None, at: datetime, reason: str) -> None:
        """It takes place after all, maybe on other dates."""

    @transition(
        field=status,
        source=[EventStatus.PUBLISHED, EventStatus.POSTPONED],
        target=EventStatus.CANCELLED,
    )
    def cancel(self, *, by: User | None, at: datetime, reason: str) -> None:
        """It will not take place, as everybody sees; a draft is not for everybody."""

    @transition(
        field=fraud_status,
        source=[FraudStatus.NONE, FraudStatus.CLEARED],
        target=FraudStatus.INVESTIGATING,
    )
    def investigate(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Somebody suspects a fraud. Revenue that is still frozen stays so."""
        # Only of a cleared event the database lets anybody be named here.
        self.fraud_cleared_by = self.revenue_freeze_lifted_by = None

    @transition(field=fraud_status, source=FraudStatus.INVESTIGATING, target=FraudStatus.CONFIRMED)
    def confirm_fraud(self, *, by: User | None, at: datetime, reason: str) -> None:
        """It was a fraud: its organizer gets no money."""
        # It may be frozen since an earlier fraud was confirmed, which was cleared and not lifted.
        self.revenue_frozen_at = self.revenue_frozen_at or at

    @transition(
        field=fraud_status,
        source=[FraudStatus.INVESTIGATING, FraudStatus.CONFIRMED],
        target=FraudStatus.CLEARED,
    )
    def clear(self, *, by: User, at: datetime, reason: str) -> None:
        """It was no fraud. Revenue that is frozen stays so until another admin lifts it."""
        self.fraud_cleared_by = by

    @transition(field=fraud_status, source=FraudStatus.CLEARED, target=FraudStatus.CLEARED)
    def lift_revenue_freeze(self, *, by: User, at: datetime, reason: str) -> None:
        """Its organizer gets the money after all."""
        self.revenue_frozen_at, self.revenue_freeze_lifted_by = None, by
