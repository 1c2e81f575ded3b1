"""The rights to seats that paid orders became."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from orders.models.codes import ticket_code
from orders.models.order import Order
from ticketing.models import Event, Seat, Showing, one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class TicketStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    USED = "used", _("used")
    REFUNDED = "refunded", _("refunded")


# Of a showing that was moved: who went in longer than that before its start was there for another
# date. Doors open earlier than that, so it is asked of no other showing.
EARLIEST = timedelta(hours=4)
VALID_TICKET = Q(status=TicketStatus.ACTIVE, refund_approved_at__isnull=True)


class TicketQuerySet(models.QuerySet["Ticket"]):
    def live(self) -> TicketQuerySet:
        """They stand for a seat that nobody else may have."""
        return self.filter(status__in=[TicketStatus.ACTIVE, TicketStatus.USED])

    def valid(self) -> TicketQuerySet:
        """They let somebody in, as far as their event takes place."""
        return self.filter(VALID_TICKET)

    def kept(self) -> TicketQuerySet:
        """Neither given back nor about to be, used or not."""
        return self.live().filter(refund_approved_at__isnull=True)

    def used(self) -> TicketQuerySet:
        """Kept ones with which somebody went in."""
        return self.kept().filter(status=TicketStatus.USED)

    def used_for_another_date(self) -> TicketQuerySet:
        """Somebody went in with them too early for the date that they are for now."""
        return self.used().filter(used_at__lt=F("showing__starts_at") - EARLIEST)

    def with_places(self) -> TicketQuerySet:
        """With all that a printed ticket tells."""
        return self.select_related("order", "event", "showing", "seat__area")

    def at_doors_of(self, user: User) -> TicketQuerySet:
        """Tickets that this user may check in: of the own organizers' events, admins all."""
        if user.is_superuser:
            return self.all()
        return self.filter(event__organizer__in=user.organizers.all())

    def get_for_update(self, code: str) -> Ticket:
        """Lock this row, and only this row, until the transaction ends. With event and showing."""
        rows = self.select_related("event", "showing").select_for_update(of=("self",))
        return rows.get(code=code)

    def lock(self) -> list[Ticket]:
        """Lock these rows by ascending id until the transaction ends."""
        return list(self.order_by("pk").select_for_update(of=("self",)))


class Ticket(FSMModelMixin, models.Model):
    """The right to one seat. It keeps the names as they were when it was sold.

    So it does the date, but people are told that of its showing, which may have been put off.
    From `refund_approved_at` on it lets nobody in: its money is on the way back.
    """

    Status = TicketStatus

    code = models.CharField(max_length=26, unique=True, default=ticket_code)
    # As for holds: keys over several columns stand for these four (migration 0002).
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="tickets", db_constraint=False
    )
    seat = models.ForeignKey(
        Seat, on_delete=models.PROTECT, related_name="tickets", db_constraint=False, db_index=False
    )
    showing = models.ForeignKey(
        Showing, on_delete=models.PROTECT, related_name="tickets", db_constraint=False
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    price = models.DecimalField(max_digits=14, decimal_places=2)
    status = FSMField(choices=TicketStatus.choices, default=TicketStatus.ACTIVE, protected=True)
    issued_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by_scan = models.UUIDField(null=True, blank=True)  # as the door named it, if it did
    refund_approved_at = models.DateTimeField(null=True, blank=True)
    event_title = models.CharField(max_length=200)
    showing_starts_at = models.DateTimeField()
    showing_time_zone = models.CharField(max_length=64)
    area_name = models.CharField(max_length=100)
    row_label = models.CharField(max_length=20)
    seat_number = models.CharField(max_length=20)

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", TicketStatus, "ticket_status_valid"),
            CheckConstraint(name="ticket_price_not_negative", condition=Q(price__gte=Decimal(0))),
            CheckConstraint(
                name="ticket_used_at_when_used",
                condition=Q(status="refunded") | (Q(status="used") ^ Q(used_at__isnull=True)),
            ),
            CheckConstraint(
                name="ticket_scan_when_used",
                condition=Q(used_by_scan__isnull=True) | Q(used_at__isnull=False),
            ),
            CheckConstraint(
                name="ticket_refunded_after_approval",
                condition=~Q(status="refunded") | Q(refund_approved_at__isnull=False),
            ),
            # What the key of a refund's tickets refers to.
            UniqueConstraint(name="ticket_with_order", fields=["id", "order"]),
            UniqueConstraint(
                # The last guard against selling a seat twice, should holds and seats ever disagree.
                name="ticket_one_live_per_seat",
                fields=["seat"],
                condition=Q(status__in=["active", "used"]),
            ),
        ]

    def __str__(self) -> str:
        """Its place, and not its code: titles and logs show this to people who may not go in."""
        return f"{self.area_name} · {self.row_label} · {self.seat_number}"

    @property
    def is_void(self) -> bool:
        """Whether it lets nobody in for another reason than that somebody went in with it."""
        is_going_back = self.refund_approved_at is not None
        return bool(self.status == TicketStatus.REFUNDED or is_going_back or self.event.is_closed)

    @property
    def lets_in(self) -> bool:
        """Whether somebody may still go in with it."""
        return self.status == TicketStatus.ACTIVE and not self.is_void

    def local(self, moment: datetime) -> str:
        """A moment as its holder is told it, with the name of the zone."""
        zone = ZoneInfo(self.showing_time_zone)
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({self.showing_time_zone})"

    @transition(field=status, source=TicketStatus.ACTIVE, target=TicketStatus.USED)
    def use(self, *, by: User | None, at: datetime, reason: str, scan: UUID | None = None) -> None:
        """Its holder went in."""
        self.used_at, self.used_by_scan = at, scan

    @transition(field=status, source=TicketStatus.USED, target=TicketStatus.ACTIVE)
    def readmit(self, *, by: User | None, at: datetime, reason: str) -> None:
        """It lets its holder in on another date than that on which somebody went in."""
        self.used_at, self.used_by_scan = None, None

    @transition(
        field=status, source=[TicketStatus.ACTIVE, TicketStatus.USED], target=TicketStatus.REFUNDED
    )
    def refund(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Its money is back, or its event is off."""
