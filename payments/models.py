"""Money coming in: attempts to pay, what providers said, and what went wrong with it."""

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


A_DAY = timedelta(hours=23)  # so that a daily run, which takes its time, finds yesterday's again


def new_txn_ref() -> str:
    """32 letters and digits that nobody can guess, unique for ever (vnpay.md 3.1)."""
    return secrets.token_hex(16)


class PaymentStatus(models.TextChoices):
    PENDING = "pending", _("pending")
    CAPTURED = "captured", _("captured")
    FAILED = "failed", _("failed")
    REVIEW = "review", _("in review")


class PaymentQuerySet(models.QuerySet["Payment"]):
    def open(self) -> PaymentQuerySet:
        """Not known yet whether the money came."""
        return self.filter(status__in=[PaymentStatus.PENDING, PaymentStatus.REVIEW])

    def to_reconcile(
        self, now: datetime, *, since: datetime, closed_by: datetime
    ) -> PaymentQuerySet:
        """Open, or final since then; pay link closed by then. Old and final ones once a day."""
        a_day_ago = now - A_DAY
        is_open = Q(status__in=[PaymentStatus.PENDING, PaymentStatus.REVIEW])
        rested = Q(expires_at__gt=since) | Q(queried_at=None) | Q(queried_at__lte=a_day_ago)
        captured = Q(status=PaymentStatus.CAPTURED, paid_at__gt=since)
        failed = Q(status=PaymentStatus.FAILED, expires_at__gt=since)
        not_today = Q(reconciled_at=None) | Q(reconciled_at__lte=a_day_ago)
        due = (is_open & rested) | ((captured | failed) & not_today)
        return self.filter(due, expires_at__lte=closed_by)

    def captured(self) -> PaymentQuerySet:
        return self.filter(status=PaymentStatus.CAPTURED)

    def get_for_update(self, pk: int) -> Payment:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)


class Payment(FSMModelMixin, models.Model):
    """One attempt to pay an order at a provider, committed before the customer is sent there.

    `provider_request` is what the provider must be told again to be asked about this attempt.
    `queried_at` is when it was asked last, `reconciled_at` when it was last compared with its word.
    """

    Status = PaymentStatus

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    provider = models.CharField(max_length=30)
    txn_ref = models.CharField(max_length=100, unique=True, default=new_txn_ref)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
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
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    request_digest = models.CharField(max_length=64, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", PaymentStatus, "payment_status_valid"),
            CheckConstraint(name="payment_amount_positive", condition=Q(amount__gt=Decimal(0))),
            CheckConstraint(
                name="payment_paid_at_when_captured",
                condition=Q(status="captured") ^ Q(paid_at__isnull=True),
            ),
            UniqueConstraint(
                name="payment_idempotency_key_unique", fields=["order", "idempotency_key"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.txn_ref}"

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

    @transition(
        field=status,
        source=[PaymentStatus.PENDING, PaymentStatus.REVIEW],
        target=PaymentStatus.FAILED,
    )
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


class Channel(models.TextChoices):
    PAY = "pay", _("sent to the payment page")
    RETURN = "return", _("browser came back")
    IPN = "ipn", _("provider called")
    QUERY = "query", _("we asked")
    ANSWER = "answer", _("the provider answered")


class ProviderMessage(models.Model):
    """Every message from or to a provider, as it was, without secrets and card data.

    Append-only: the database refuses to change or delete one.
    """

    provider = models.CharField(max_length=30)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    txn_ref = models.CharField(max_length=100, blank=True, db_index=True)
    body = models.JSONField()
    remote_address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [one_of("channel", Channel, "provider_message_channel_valid")]

    def __str__(self) -> str:
        return f"{self.provider} {self.channel} {self.txn_ref}"


class CaseKind(models.TextChoices):
    LATE = "late", _("money came after the order had ended")
    DUPLICATE = "duplicate", _("the order was paid a second time")
    AMOUNT_MISMATCH = "amount_mismatch", _("another amount than asked for")
    SUSPECTED_FRAUD = "suspected_fraud", _("the provider suspects fraud")
    UNKNOWN_REFERENCE = "unknown_reference", _("a payment nobody here asked for")
    ORPHANED = "orphaned", _("the provider never said what became of it")
    CONTRADICTED = "contradicted", _("captured here, and the provider says otherwise now")


class CaseStatus(models.TextChoices):
    OPEN = "open", _("open")
    RESOLVED = "resolved", _("resolved")


class PaymentCaseQuerySet(models.QuerySet["PaymentCase"]):
    def open(self) -> PaymentCaseQuerySet:
        return self.filter(status=CaseStatus.OPEN)

    def owing(self) -> PaymentCaseQuerySet:
        """Somebody's money is here that we may not keep."""
        return self.open().filter(amount_owed__gt=Decimal(0))


class PaymentCase(FSMModelMixin, models.Model):
    """Money that did not come as planned: what happened, what was decided, and what is owed."""

    Kind = CaseKind
    Status = CaseStatus

    kind = models.CharField(max_length=30, choices=CaseKind.choices)
    status = FSMField(choices=CaseStatus.choices, default=CaseStatus.OPEN, protected=True)
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="cases"
    )
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.PROTECT, related_name="payment_cases"
    )
    provider = models.CharField(max_length=30)
    txn_ref = models.CharField(max_length=100)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    amount_owed = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(0))
    description = models.TextField()
    opened_at = models.DateTimeField()
    decision = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = PaymentCaseQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", CaseStatus, "payment_case_status_valid"),
            one_of("kind", CaseKind, "payment_case_kind_valid"),
            CheckConstraint(
                name="payment_case_decided_when_resolved",
                condition=Q(status="open") ^ Q(decided_at__isnull=False),
            ),
            CheckConstraint(
                name="payment_case_owed_not_negative", condition=Q(amount_owed__gte=Decimal(0))
            ),
            UniqueConstraint(
                name="payment_case_once_per_fact",
                fields=["provider", "txn_ref", "kind"],
                condition=Q(status="open"),
            ),
        ]
        indexes = [models.Index(name="payment_case_of_reference", fields=["txn_ref"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.txn_ref}"

    @transition(field=status, source=CaseStatus.OPEN, target=CaseStatus.RESOLVED)
    def resolve(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Somebody decided; `reason` is the decision."""
        self.decision, self.decided_by, self.decided_at = reason, by, at


class ReconciliationEnd(models.TextChoices):
    COMPLETE = "complete", _("everything due was asked about")
    LIMIT = "limit", _("the limit was reached; more is due")
    SILENCE = "silence", _("the provider was silent; the rest waits for the next run")


class Reconciliation(models.Model):
    """One comparison of our payments with what their providers say, as a report to keep.

    Every payment asked about is counted once; `cases` go before `repaired`. `failed` are those that
    broke the comparison. Without `finished_at` it is running, or was cut off.
    """

    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    ended = models.CharField(max_length=20, choices=ReconciliationEnd.choices, blank=True)
    asked = models.IntegerField(default=0)
    agreed = models.IntegerField(default=0)
    repaired = models.IntegerField(default=0)
    cases = models.IntegerField(default=0)
    unanswered = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)

    class Meta:
        constraints = [
            CheckConstraint(
                name="reconciliation_end_when_finished",
                condition=Q(ended__in=ReconciliationEnd.values) ^ Q(finished_at__isnull=True),
            ),
            CheckConstraint(
                name="reconciliation_counts_each_once",
                condition=Q(asked=F("agreed") + F("repaired") + F("cases") + F("unanswered")),
            ),
            CheckConstraint(
                name="reconciliation_counts_not_negative",
                condition=Q(agreed__gte=0, repaired__gte=0, cases__gte=0, unanswered__gte=0)
                & Q(failed__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S} UTC"


class ReconciliationDone(models.TextChoices):
    REPAIRED = "repaired", _("repaired")
    CASE = "case", _("a case tells of it")
    UNANSWERED = "unanswered", _("no final answer")
    FAILED = "failed", _("the comparison failed")


class ReconciliationEntry(models.Model):
    """One payment that did not agree in one run. What agreed is counted there and not listed."""

    run = models.ForeignKey(Reconciliation, on_delete=models.PROTECT, related_name="entries")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="reconciliations")
    at = models.DateTimeField()
    had = models.CharField(max_length=50, choices=PaymentStatus.choices)
    has = models.CharField(max_length=50, choices=PaymentStatus.choices)
    said = models.TextField(blank=True)
    done = models.CharField(max_length=20, choices=ReconciliationDone.choices)
    case = models.ForeignKey(
        PaymentCase, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name_plural = _("reconciliation entries")
        constraints = [
            one_of("done", ReconciliationDone, "reconciliation_done_valid"),
            UniqueConstraint(name="reconciliation_entry_once", fields=["run", "payment"]),
            CheckConstraint(
                name="reconciliation_case_named",
                condition=~Q(done="case") | Q(case__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment}: {self.get_done_display()}"
