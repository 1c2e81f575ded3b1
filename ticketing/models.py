"""Who sells what, and which places there are to sell."""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, F, Func, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def one_of(field: str, choices: type[models.TextChoices], name: str) -> CheckConstraint:
    """The database's own list of the values that a status may have."""
    return CheckConstraint(name=name, condition=Q(**{f"{field}__in": choices.values}))


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone."), params={"name": name})


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


class EventQuerySet(models.QuerySet["Event"]):
    def public(self) -> EventQuerySet:
        """What everybody may see; a draft is its organizer's alone."""
        return self.exclude(status=EventStatus.DRAFT)

    def get_for_update(self, pk: int) -> Event:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)


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

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", EventStatus, "event_status_valid"),
            one_of("fraud_status", FraudStatus, "event_fraud_status_valid"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_selling(self) -> bool:
        """Whether its state lets tickets be sold at all, whatever the time is."""
        is_trusted = self.fraud_status != FraudStatus.CONFIRMED
        return bool(self.status == EventStatus.PUBLISHED and is_trusted)

    @transition(field=status, source=EventStatus.DRAFT, target=EventStatus.PUBLISHED)
    def publish(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Show it to everybody; from here its tickets can be bought."""

    @transition(field=status, source=EventStatus.PUBLISHED, target=EventStatus.POSTPONED)
    def postpone(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Stop selling until there is a new date."""

    @transition(
        field=status,
        source=[EventStatus.DRAFT, EventStatus.PUBLISHED, EventStatus.POSTPONED],
        target=EventStatus.CANCELLED,
    )
    def cancel(self, *, by: User | None, at: datetime, reason: str) -> None:
        """It will not take place."""


class Showing(models.Model):
    """One performance of an event, with places and a sales window of its own."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="showings")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ticket_sale_start = models.DateTimeField()
    ticket_sale_end = models.DateTimeField()
    time_zone = models.CharField(
        max_length=64, default="Asia/Ho_Chi_Minh", validators=[validate_time_zone]
    )

    class Meta:
        constraints = [
            CheckConstraint(
                name="showing_starts_before_end", condition=Q(starts_at__lt=F("ends_at"))
            ),
            CheckConstraint(
                name="showing_sale_starts_before_sale_end",
                condition=Q(ticket_sale_start__lt=F("ticket_sale_end")),
            ),
            UniqueConstraint(name="showing_with_event", fields=["id", "event"]),
        ]

    def __str__(self) -> str:
        return f"{self.event} – {self.starts_at.astimezone(self.zone):%Y-%m-%d %H:%M %Z}"

    @property
    def zone(self) -> tzinfo:
        """The zone in which people are told its times."""
        return ZoneInfo(self.time_zone)

    def local(self, moment: datetime) -> str:
        """A moment as people are told it, with the name of its zone."""
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M} ({self.time_zone})"

    def is_on_sale(self, now: datetime) -> bool:
        """Whether tickets are sold at `now`: published event, inside the sales window."""
        return self.event.is_selling and self.ticket_sale_start <= now < self.ticket_sale_end


class Area(models.Model):
    """A part of the house with one price: rows of numbered seats, or one standing field."""

    showing = models.ForeignKey(Showing, on_delete=models.PROTECT, related_name="areas")
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=14, decimal_places=2)
    is_general_admission = models.BooleanField(default=False)

    class Meta:
        constraints = [
            UniqueConstraint(name="area_name_unique", fields=["showing", "name"]),
            UniqueConstraint(name="area_with_showing", fields=["id", "showing"]),
            CheckConstraint(name="area_price_not_negative", condition=Q(price__gte=Decimal(0))),
        ]

    def __str__(self) -> str:
        return self.name


class Row(models.Model):
    """A line of seats. The places of a general-admission area stand in a single row."""

    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="rows")
    label = models.CharField(max_length=20)

    class Meta:
        constraints = [
            UniqueConstraint(name="row_label_unique", fields=["area", "label"]),
            UniqueConstraint(name="row_with_area", fields=["id", "area"]),
        ]

    def __str__(self) -> str:
        return self.label


class SeatStatus(models.TextChoices):
    AVAILABLE = "available", _("available")
    HELD = "held", _("held")
    SOLD = "sold", _("sold")
    BLOCKED = "blocked", _("blocked")


class SeatQuerySet(models.QuerySet["Seat"]):
    """Seats change set-wise, in one statement with their order; each method is one transition.

    They return the number of seats that were in the right state and moved.
    """

    def available(self) -> SeatQuerySet:
        return self.filter(status=SeatStatus.AVAILABLE)

    def claim(self, limit: int) -> list[Seat]:
        """Lock up to `limit` of these seats in id order, passing over what others hold locked."""
        seats = self.available().select_related("area", "row").order_by("id")
        return list(seats.select_for_update(skip_locked=True, of=("self",))[:limit])

    def hold(self) -> int:
        return self._move(SeatStatus.AVAILABLE, SeatStatus.HELD)

    def sell(self) -> int:
        return self._move(SeatStatus.HELD, SeatStatus.SOLD)

    def release(self) -> int:
        """Give held seats back."""
        return self._move(SeatStatus.HELD, SeatStatus.AVAILABLE)

    def return_sold(self) -> int:
        """Give sold seats back after their tickets were refunded."""
        return self._move(SeatStatus.SOLD, SeatStatus.AVAILABLE)

    def block(self) -> int:
        """Take free seats off sale."""
        return self._move(SeatStatus.AVAILABLE, SeatStatus.BLOCKED)

    def unblock(self) -> int:
        return self._move(SeatStatus.BLOCKED, SeatStatus.AVAILABLE)

    def _move(self, source: SeatStatus, target: SeatStatus) -> int:
        return self.filter(status=source).update(status=target)


class CurrentTransaction(Func):
    """The id of the running transaction, never wrapping around."""

    template = "(pg_current_xact_id()::text::bigint)"
    arity = 0
    output_field = models.BigIntegerField()


class Seat(FSMModelMixin, models.Model):
    """One place that one ticket admits to; a standing field has one for each of its places.

    `changed_in` is kept by a trigger: the transaction that last changed the status. With the oldest
    transaction still running, it tells readers of the seat map what they can't have seen yet.
    """

    Status = SeatStatus

    showing = models.ForeignKey(
        Showing, on_delete=models.PROTECT, related_name="seats", db_constraint=False, db_index=False
    )
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, related_name="seats", db_constraint=False, db_index=False
    )
    row = models.ForeignKey(
        Row, on_delete=models.PROTECT, related_name="seats", db_constraint=False, db_index=False
    )
    number = models.CharField(max_length=20)
    status = FSMField(choices=SeatStatus.choices, default=SeatStatus.AVAILABLE, protected=True)
    changed_in = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", SeatStatus, "seat_status_valid"),
            UniqueConstraint(name="seat_number_unique", fields=["row", "number"]),
            UniqueConstraint(name="seat_with_showing", fields=["id", "showing"]),
        ]
        indexes = [
            models.Index(
                name="seat_free_in_area", fields=["area", "id"], condition=Q(status="available")
            ),
            models.Index(name="seat_changes", fields=["showing", "changed_in"]),
        ]

    def __str__(self) -> str:
        return self.number
