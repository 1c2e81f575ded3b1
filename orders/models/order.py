"""What a customer wants of a showing, until it is paid, over, or refunded."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from orders.models.codes import order_code
from orders.models.seat_hold import SeatHold
from ticketing.amounts import price_tag
from ticketing.event_changes import is_to_come
from ticketing.models import Event, Showing, one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class OrderStatus(models.TextChoices):
    PENDING_PAYMENT = "pending_payment", _("waiting for payment")
    PAID = "paid", _("paid")
    FAILED = "failed", _("payment failed")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")
    PARTIAL_REFUNDED = "partial_refunded", _("partly refunded")
    REFUNDED = "refunded", _("refunded")


LAST_MINUTE = timedelta(minutes=1)  # no attempt to pay is begun in it (design section 5)
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
    # Found by the index `order_of_customer`, which begins with the customer.
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    # One key over event and showing stands for both in the database, so that they fit together
    # (migration 0002).
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="orders", db_constraint=False
    )
    showing = models.ForeignKey(
        Showing, on_delete=models.PROTECT, related_name="orders", db_constraint=False
    )
    email = models.EmailField()
    # What was chosen when it was placed: its mails are written by jobs, where nobody has a
    # language.
    language = models.CharField(
        max_length=10, default=settings.LANGUAGE_CODE, db_default=settings.LANGUAGE_CODE
    )
    total_amount = models.DecimalField(max_digits=14, decimal_places=2)
    refunded_amount = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(0))
    # A default of the database, too: the statement of `orders.holding` leaves the column out.
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
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  # many without
    request_digest = models.CharField(max_length=64, blank=True)

    holds_until: datetime | None = None  # when the first of its holds ends, where that was read

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
            # What the keys of holds and tickets refer to.
            UniqueConstraint(name="order_with_showing", fields=["id", "showing", "event"]),
            UniqueConstraint(
                name="order_idempotency_key_unique", fields=["customer", "idempotency_key"]
            ),
        ]
        indexes = [
            models.Index(name="order_of_customer", fields=["customer", "-created_at"]),
            # The order of the list in the back office.
            models.Index(name="order_created_at", fields=["created_at", "id"]),
            models.Index(Upper("email"), name="order_email"),  # as `iexact` asks
            # Only those that wait: a sweep reads them alone, however many orders there were before.
            models.Index(
                name="order_pending", fields=["expires_at"], condition=Q(status="pending_payment")
            ),
            models.Index(  # with all that revenue adds up: see `orders.revenue.amounts`
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
    def lets_somebody_in(self) -> bool:
        """Whether one of its tickets is good, and its event not off."""
        return not self.event.is_closed and self.tickets.valid().exists()

    @property
    def has_used_tickets(self) -> bool:
        """Whether somebody went in with one of its tickets that was not given back."""
        return self.tickets.used().exists()

    def is_to_come(self, at: datetime) -> bool:
        """Whether its showing is yet to take place, and its event not off."""
        return not self.event.is_closed and is_to_come(self.showing, at)

    def is_in_time(self, at: datetime) -> bool:
        """Whether it may still be paid then: neither it nor a hold has expired."""
        return at < min(self.expires_at, self.holds_until or self.expires_at)

    def is_too_late_to_pay(self, at: datetime) -> bool:
        """Whether its last minute has begun, so that nobody is sent to a provider any more."""
        return self.expires_at - at < LAST_MINUTE

    def is_being_settled(self, at: datetime) -> bool:
        """Whether its time is up and nobody knows yet what became of an attempt to pay it."""
        return self._is_overdue(at) and self.payment_started_at is not None

    def is_given_up(self, at: datetime) -> bool:
        """Whether its time is up and nobody tried to pay: whoever wants its seats gets them."""
        return self._is_overdue(at) and self.payment_started_at is None

    def _is_overdue(self, at: datetime) -> bool:
        return self.status == OrderStatus.PENDING_PAYMENT and self.expires_at <= at

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
