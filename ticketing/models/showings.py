"""When an event takes place, and what its places cost."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from ticketing.models.events import Event, EventStatus, FraudStatus

# So that today's door takes no ticket of tomorrow's showing.
DOOR_MARGIN = timedelta(hours=12)


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone."), params={"name": name})


class ShowingQuerySet(models.QuerySet["Showing"]):
    def of_selling_events(self) -> ShowingQuerySet:
        """Those of whose event `is_selling` is true."""
        published = self.filter(event__status=EventStatus.PUBLISHED)
        return published.exclude(event__fraud_status=FraudStatus.CONFIRMED)

    def on_sale(self, now: datetime) -> ShowingQuerySet:
        """Those of which `is_on_sale` is true."""
        return self.of_selling_events().filter(
            ticket_sale_start__lte=now, ticket_sale_end__gt=now, ends_at__gt=now
        )


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

    objects = ShowingQuerySet.as_manager()

    class Meta:
        constraints = [
            CheckConstraint(
                name="showing_starts_before_end", condition=Q(starts_at__lt=F("ends_at"))
            ),
            CheckConstraint(
                name="showing_sale_starts_before_sale_end",
                condition=Q(ticket_sale_start__lt=F("ticket_sale_end")),
            ),
            # What the key of orders refers to, as those of seats do to areas and rows below.
            UniqueConstraint(name="showing_with_event", fields=["id", "event"]),
        ]
        # The first page of the shop begins with what is to come.
        indexes = [models.Index(name="showing_ends_at", fields=["ends_at"])]

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
        """Whether tickets are sold at `now`: published event, inside the sales window, not over."""
        return self.event.is_selling and self.ticket_sale_start <= now < self.last_sale

    @property
    def last_sale(self) -> datetime:
        """Until when tickets are sold: nobody buys one for what is over."""
        return min(self.ticket_sale_end, self.ends_at)

    @property
    def door_opens_at(self) -> datetime:
        """From when on people are let in, as far as its time goes."""
        return self.starts_at - DOOR_MARGIN

    @property
    def door_closes_at(self) -> datetime:
        return self.ends_at + DOOR_MARGIN

    def has_open_door(self, now: datetime) -> bool:
        return self.door_opens_at <= now < self.door_closes_at


class Area(models.Model):
    """A part of the house with one price: rows of numbered seats, or one standing field."""

    # Without an index of its own: the one of unique names begins with it.
    showing = models.ForeignKey(
        Showing, on_delete=models.PROTECT, related_name="areas", db_index=False
    )
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

    # Without an index of its own: the one of unique labels begins with it.
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="rows", db_index=False)
    label = models.CharField(max_length=20)

    class Meta:
        constraints = [
            UniqueConstraint(name="row_label_unique", fields=["area", "label"]),
            UniqueConstraint(name="row_with_area", fields=["id", "area"]),
        ]

    def __str__(self) -> str:
        return self.label
