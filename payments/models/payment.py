"""Attempts to pay."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from orders.models import Order
from ticketing.models import one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


# An hour less, so that a daily run, which takes its time, finds again what it asked about
# yesterday.
A_DAY = timedelta(hours=23)


def new_txn_ref() -> str:
    """32 letters and digits that nobody can guess, unique for ever (vnpay.md 3.1)."""
    return secrets.token_hex(16)


class PaymentStatus(models.TextChoices):
    PENDING = "pending", _("pending")
    CAPTURED = "captured", _("captured")
    FAILED = "failed", _("failed")
    REVIEW = "review", _("in review")


OPEN = (PaymentStatus.PENDING, PaymentStatus.REVIEW)


class PaymentQuerySet(models.QuerySet["Payment"]):
    def open(self) -> PaymentQuerySet:
        """Not known yet whether the money came."""
        return self.filter(status__in=OPEN)

    def to_reconcile(
        self, now: datetime, *, since: datetime, closed_by: datetime
    ) -> PaymentQuerySet:
        """Open, or final since then; pay link closed by then.

        Old and final ones once a day, and those that can't be asked about.

        What a backup that was taken into use says of earlier questions does not count: what the
        provider has done after them is just what it has forgotten.
        """
        a_day_ago = max(now - A_DAY, settings.RESTORED_AT or now - A_DAY)
        is_open = Q(status__in=OPEN)
        rested = Q(expires_at__gt=since) | Q(queried_at=None) | Q(queried_at__lte=a_day_ago)
        captured = Q(status=PaymentStatus.CAPTURED, paid_at__gt=since)
        # A failure keeps no time of its own: the end of its link stands for it.
        failed = Q(status=PaymentStatus.FAILED, expires_at__gt=since)
        not_today = Q(reconciled_at=None) | Q(reconciled_at__lte=a_day_ago)
        due = (is_open & rested) | captured | failed
        return self.filter(due & not_today, expires_at__lte=closed_by)

    def captured(self) -> PaymentQuerySet:
        return self.filter(status=PaymentStatus.CAPTURED)

    def kept(self) -> PaymentQuerySet:
        """Captured, and not known to be late or a second one: it pays its order, or has to."""
        # Decided cases count as well: what came too late, or twice, does not pay the order
        # afterwards.
        return self.captured().exclude(cases__kind__in=["late", "duplicate"])

    def lock(self) -> list[Payment]:
        """Lock these rows, and only these, by ascending id until the transaction ends."""
        return list(self.order_by("pk").select_for_update(of=("self",)))

    def get_for_update(self, pk: int) -> Payment:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)


class Payment(FSMModelMixin, models.Model):
    """One attempt to pay an order at a provider, committed before the customer is sent there.

    `provider_request` is what the provider must be told again to be asked about this attempt.
    `provider_code` is the provider's last word, with which it may still be pending.
    `queried_at` is when it was asked last. `reconciled_at` is when the attempt, final by then, was
    last compared with its word, or found to be one that can't be asked about.
    `reversed_amount` is what its reversals give back, those still open included.
    """

    Status = PaymentStatus

    # Found by the index of `payment_idempotency_key_unique`, which begins with the order.
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    provider = models.CharField(max_length=30)
    txn_ref = models.CharField(max_length=100, unique=True, default=new_txn_ref)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    reversed_amount = models.DecimalField(
        max_digits=14, decimal_places=2, default=Decimal(0), db_default=Decimal(0)
    )
    currency = models.CharField(max_length=3, default="VND")
    status = FSMField(choices=PaymentStatus.choices, default=PaymentStatus.PENDING, protected=True)
    payment_url = models.TextField()
    provider_request = models.JSONField(default=dict)
    provider_transaction_no = models.CharField(max_length=50, blank=True)
    provider_code = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    queried_at = models.DateTimeField(null=True, blank=True)
    reconciled_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    # NULL where there is none, as for most: NULL equals nothing, so the unique rule lets them be.
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    request_digest = models.CharField(max_length=64, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", PaymentStatus, "payment_status_valid"),
            CheckConstraint(name="payment_amount_positive", condition=Q(amount__gt=Decimal(0))),
            CheckConstraint(
                name="payment_reversed_at_most_amount",
                condition=Q(reversed_amount__gte=Decimal(0)) & Q(reversed_amount__lte=F("amount")),
            ),
            CheckConstraint(
                name="payment_paid_at_when_captured",
                condition=Q(status="captured") ^ Q(paid_at__isnull=True),
            ),
            UniqueConstraint(
                name="payment_idempotency_key_unique", fields=["order", "idempotency_key"]
            ),
        ]
        indexes = [
            # Staff search by the provider's number. Attempts without money have none.
            models.Index(
                name="payment_transaction_no",
                fields=["provider_transaction_no"],
                condition=~Q(provider_transaction_no=""),
            ),
            # Each is one of the ways to be due in `to_reconcile`.
            models.Index(name="payment_open", fields=["id"], condition=Q(status__in=OPEN)),
            models.Index(
                name="payment_captured", fields=["paid_at"], condition=Q(status="captured")
            ),
            models.Index(
                name="payment_failed", fields=["expires_at"], condition=Q(status="failed")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.txn_ref}"

    @property
    def may_have_paid(self) -> bool:
        """Whether the provider has or had the money, or has said something that leaves that open.

        While the order waits for payment nobody should pay it again beside such an attempt: the SQL
        of `start_payment` asks the same.
        """
        is_unsure = self.status == PaymentStatus.PENDING and self.provider_code != ""
        return is_unsure or self.status in (PaymentStatus.CAPTURED, PaymentStatus.REVIEW)

    @property
    def is_decided(self) -> bool:
        """Whether staff have found out what became of it, where the provider gave no last word."""
        return {case.status for case in self.cases.all()} == {"resolved"}

    def is_being_checked(self, now: datetime) -> bool:
        """Whether its order waits for payment and may turn out to be paid by it.

        Once the order's time is up, the provider is asked about each attempt that has not failed.
        """
        if self.order.is_being_settled(now):
            return bool(self.status != PaymentStatus.FAILED)
        return self.order.status == Order.Status.PENDING_PAYMENT and self.may_have_paid

    @transition(
        field=status,
        source=[PaymentStatus.PENDING, PaymentStatus.REVIEW, PaymentStatus.FAILED],
        target=PaymentStatus.CAPTURED,
    )
    def capture(
        self, *, by: User | None, at: datetime, reason: str, transaction_no: str, code: str
    ) -> None:
        """The provider has the money. Even after it had said otherwise (vnpay.md 6.4)."""
        self.paid_at, self.provider_transaction_no, self.provider_code = at, transaction_no, code

    @transition(field=status, source=OPEN, target=PaymentStatus.FAILED)
    def fail(self, *, by: User | None, at: datetime, reason: str, code: str) -> None:
        """The provider says that no money moved, and that none will."""
        self.provider_code = code

    @transition(
        field=status,
        source=[PaymentStatus.PENDING, PaymentStatus.FAILED],
        target=PaymentStatus.REVIEW,
    )
    def suspect(
        self, *, by: User | None, at: datetime, reason: str, transaction_no: str, code: str
    ) -> None:
        """The provider took the money and doubts it: neither fulfil nor fail (vnpay.md 4.1)."""
        self.provider_transaction_no, self.provider_code = transaction_no, code
        # That it was compared when it had failed says nothing of now.
        self.reconciled_at = None
