"""What was bought: orders, the seats they hold, and the tickets they became."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from ticketing.amounts import price_tag
from ticketing.models import Event, Seat, Showing, one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# No letters or digits that people confuse when they read a code aloud.
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def order_code() -> str:
    """60 random bits: short enough to say on the telephone, too many to guess."""
    return _code(12)


def ticket_code() -> str:
    """130 random bits: whoever knows it gets in."""
    return _code(26)


def _code(length: int) -> str:
    bits = secrets.randbits(5 * length)  # in one go: the alphabet has 32 characters
    return "".join(CODE_ALPHABET[bits >> 5 * place & 31] for place in range(length))


class OrderStatus(models.TextChoices):
    PENDING_PAYMENT = "pending_payment", _("waiting for payment")
    PAID = "paid", _("paid")
    FAILED = "failed", _("payment failed")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")
    PARTIAL_REFUNDED = "partial_refunded", _("partly refunded")
    REFUNDED = "refunded", _("refunded")


SETTLED_WITHIN = timedelta(minutes=10)  # several sweeps, where no job came
SETTLED_AS_PAID = [OrderStatus.PAID, OrderStatus.PARTIAL_REFUNDED, OrderStatus.REFUNDED]


class OrderQuerySet(models.QuerySet["Order"]):
    def of_customer(self, customer_id: int) -> OrderQuerySet:
        return self.filter(customer_id=customer_id)

    def with_holds(self) -> OrderQuerySet:
        """With its event, and its holds and their places as the list `shown_holds`."""
        holds = SeatHold.objects.select_related("seat__area", "seat__row").order_by("seat_id")
        shown = models.Prefetch("holds", holds, to_attr="shown_holds")
        return self.select_related("event").prefetch_related(shown)

    def pending(self) -> OrderQuerySet:
        return self.filter(status=OrderStatus.PENDING_PAYMENT)

    def overdue(self, now: datetime) -> OrderQuerySet:
        """Still pending although their time is up."""
        return self.pending().filter(expires_at__lte=now)

    def stuck(self, now: datetime) -> OrderQuerySet:
        """Still pending although settling them should be over, however silent the provider is.

        It may be silent for `SETTLE_GRACE_SECONDS`, about orders that somebody tried to pay.
        """
        late = now - SETTLED_WITHIN
        silence = timedelta(seconds=settings.SETTLE_GRACE_SECONDS)
        is_over = Q(payment_started_at__isnull=True) | Q(expires_at__lte=late - silence)
        return self.overdue(late).filter(is_over)

    def never_tried_to_pay(self) -> OrderQuerySet:
        return self.filter(payment_started_at__isnull=True)

    def lock(self) -> list[Order]:
        """Lock these rows, and only these, by ascending id until the transaction ends."""
        return list(self.order_by("pk").select_for_update(of=("self",)))

    def get_for_update(self, pk: int) -> Order:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)


class Order(FSMModelMixin, models.Model):
    """What one customer wants of one showing, until paid, expired, failed or cancelled.

    `refunded_amount` has gone back; `refund_reserved_amount` is approved and has not gone yet.
    """

    Status = OrderStatus

    code = models.CharField(max_length=12, unique=True, default=order_code)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="orders", db_constraint=False
    )
    showing = models.ForeignKey(
        Showing, on_delete=models.PROTECT, related_name="orders", db_constraint=False
    )
    email = models.EmailField()
    language = models.CharField(
        max_length=10, default=settings.LANGUAGE_CODE, db_default=settings.LANGUAGE_CODE
    )
    total_amount = models.DecimalField(max_digits=14, decimal_places=2)
    refunded_amount = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(0))
    refund_reserved_amount = models.DecimalField(
        max_digits=14, decimal_places=2, default=Decimal(0), db_default=Decimal(0)
    )
    currency = models.CharField(max_length=3, default="VND")
    status = FSMField(
        choices=OrderStatus.choices, default=OrderStatus.PENDING_PAYMENT, protected=True
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    payment_started_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    request_digest = models.CharField(max_length=64, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", OrderStatus, "order_status_valid"),
            CheckConstraint(
                name="order_refunded_at_most_total",
                condition=Q(refunded_amount__gte=Decimal(0))
                & Q(refunded_amount__lte=F("total_amount")),
            ),
            CheckConstraint(
                name="order_refunds_and_reserved_at_most_total",
                condition=Q(refund_reserved_amount__gte=Decimal(0))
                & Q(refund_reserved_amount__lte=F("total_amount") - F("refunded_amount")),
            ),
            CheckConstraint(
                name="order_paid_at_when_paid",
                condition=Q(status__in=SETTLED_AS_PAID) ^ Q(paid_at__isnull=True),
            ),
            UniqueConstraint(name="order_with_showing", fields=["id", "showing", "event"]),
            UniqueConstraint(
                name="order_idempotency_key_unique", fields=["customer", "idempotency_key"]
            ),
        ]
        indexes = [
            models.Index(name="order_of_customer", fields=["customer", "-created_at"]),
            models.Index(name="order_created_at", fields=["created_at", "id"]),
            models.Index(Upper("email"), name="order_email"),
            models.Index(
                name="order_pending", fields=["expires_at"], condition=Q(status="pending_payment")
            ),
            models.Index(
                name="order_paid",
                fields=["paid_at"],
                include=[
                    "id",
                    "event",
                    "total_amount",
                    "refunded_amount",
                    "refund_reserved_amount",
                ],
                condition=Q(paid_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_settled_as_paid(self) -> bool:
        """Whether money was accepted for it once, refunded since or not."""
        return self.status in SETTLED_AS_PAID

    @property
    def refundable_amount(self) -> Decimal:
        """What has neither gone back nor been approved to."""
        return self.total_amount - self.refunded_amount - self.refund_reserved_amount

    def price_tag(self, amount: Decimal) -> str:
        """An amount of its currency as people read it, in the language that is active."""
        return price_tag(amount, self.currency)

    @transition(field=status, source=OrderStatus.PENDING_PAYMENT, target=OrderStatus.PAID)
    def pay(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The money is here, or none was owed."""
        self.paid_at = at

    @transition(field=status, source=OrderStatus.PENDING_PAYMENT, target=OrderStatus.FAILED)
    def fail(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Its time is up and every attempt to pay was refused."""

    @transition(field=status, source=OrderStatus.PENDING_PAYMENT, target=OrderStatus.EXPIRED)
    def expire(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Its time is up and nobody paid."""

    @transition(field=status, source=OrderStatus.PENDING_PAYMENT, target=OrderStatus.CANCELLED)
    def cancel(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The customer does not want it any more."""

    @transition(
        field=status,
        source=[OrderStatus.PAID, OrderStatus.PARTIAL_REFUNDED],
        target=OrderStatus.PARTIAL_REFUNDED,
    )
    def refund_partly(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Some of the money is back, or some of the tickets."""

    @transition(
        field=status,
        source=[OrderStatus.PAID, OrderStatus.PARTIAL_REFUNDED],
        target=OrderStatus.REFUNDED,
    )
    def refund(self, *, by: User | None, at: datetime, reason: str) -> None:
        """All of the money is back, and all of the tickets."""


class HoldStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    CONFIRMED = "confirmed", _("confirmed")
    RELEASED = "released", _("released")


class SeatHoldQuerySet(models.QuerySet["SeatHold"]):
    """Holds change set-wise with their order; each method is one transition."""

    def live(self) -> SeatHoldQuerySet:
        """They keep their seat from everybody else."""
        return self.filter(status__in=[HoldStatus.ACTIVE, HoldStatus.CONFIRMED])

    def active(self) -> SeatHoldQuerySet:
        return self.filter(status=HoldStatus.ACTIVE)

    def release(self) -> int:
        return self.active().update(status=HoldStatus.RELEASED)

    def release_sold(self) -> int:
        """Give the claim on sold seats up after their tickets were refunded."""
        return self.filter(status=HoldStatus.CONFIRMED).update(status=HoldStatus.RELEASED)


class SeatHold(FSMModelMixin, models.Model):
    """An order's claim on one seat, with the price at that moment."""

    Status = HoldStatus

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="holds", db_constraint=False
    )
    seat = models.ForeignKey(
        Seat, on_delete=models.PROTECT, related_name="holds", db_constraint=False, db_index=False
    )
    showing = models.ForeignKey(
        Showing, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    price = models.DecimalField(max_digits=14, decimal_places=2)
    expires_at = models.DateTimeField()
    status = FSMField(choices=HoldStatus.choices, default=HoldStatus.ACTIVE, protected=True)

    objects = SeatHoldQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", HoldStatus, "hold_status_valid"),
            CheckConstraint(name="hold_price_not_negative", condition=Q(price__gte=Decimal(0))),
            UniqueConstraint(
                name="hold_one_live_per_seat",
                fields=["seat"],
                condition=Q(status__in=["active", "confirmed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.seat_id}"


class TicketStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    USED = "used", _("used")
    REFUNDED = "refunded", _("refunded")


VALID_TICKET = Q(status=TicketStatus.ACTIVE, refund_approved_at__isnull=True)


class TicketQuerySet(models.QuerySet["Ticket"]):
    def live(self) -> TicketQuerySet:
        """They stand for a seat that nobody else may have."""
        return self.filter(status__in=[TicketStatus.ACTIVE, TicketStatus.USED])

    def valid(self) -> TicketQuerySet:
        """They let somebody in, as far as their event takes place."""
        return self.filter(VALID_TICKET)

    def with_places(self) -> TicketQuerySet:
        """With all that a printed ticket tells."""
        return self.select_related("order", "event", "seat__area")

    def at_doors_of(self, user: User) -> TicketQuerySet:
        """Tickets that this user may check in: of the own organizers' events, admins all."""
        if user.is_superuser:
            return self.all()
        return self.filter(event__organizer__in=user.organizers.all())

    def get_for_update(self, code: str) -> Ticket:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(code=code)

    def lock(self) -> list[Ticket]:
        """Lock these rows by ascending id until the transaction ends."""
        return list(self.order_by("pk").select_for_update(of=("self",)))


class Ticket(FSMModelMixin, models.Model):
    """The right to one seat. It keeps the names as they were when it was sold.

    From `refund_approved_at` on it lets nobody in: its money is on the way back.
    """

    Status = TicketStatus

    code = models.CharField(max_length=26, unique=True, default=ticket_code)
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
            UniqueConstraint(name="ticket_with_order", fields=["id", "order"]),
            UniqueConstraint(
                name="ticket_one_live_per_seat",
                fields=["seat"],
                condition=Q(status__in=["active", "used"]),
            ),
        ]

    def __str__(self) -> str:
        """Its place, and not its code: titles and logs show this to people who may not go in."""
        return f"{self.area_name} · {self.row_label} · {self.seat_number}"

    def local(self, moment: datetime) -> str:
        """A moment as its holder is told it, with the name of the zone."""
        zone = ZoneInfo(self.showing_time_zone)
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({self.showing_time_zone})"

    @transition(field=status, source=TicketStatus.ACTIVE, target=TicketStatus.USED)
    def use(self, *, by: User | None, at: datetime, reason: str, scan: UUID | None = None) -> None:
        """Its holder went in."""
        self.used_at, self.used_by_scan = at, scan

    @transition(
        field=status, source=[TicketStatus.ACTIVE, TicketStatus.USED], target=TicketStatus.REFUNDED
    )
    def refund(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Its money is back, or its event is off."""
