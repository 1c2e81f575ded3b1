"""Money that did not come as planned."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from orders.models import Order
from payments.models.payment import Payment
from ticketing.models import one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class CaseKind(models.TextChoices):
    LATE = "late", _("money came after the order had ended")
    DUPLICATE = "duplicate", _("the order was paid a second time")
    AMOUNT_MISMATCH = "amount_mismatch", _("another amount than asked for")
    SUSPECTED_FRAUD = "suspected_fraud", _("the provider suspects fraud")
    UNKNOWN_REFERENCE = "unknown_reference", _("a payment nobody here asked for")
    ORPHANED = "orphaned", _("the provider never said what became of it")
    CONTRADICTED = "contradicted", _("captured here, and the provider says otherwise now")
    GIVEN_BACK = "given_back", _("the provider says otherwise of money given back")
    REPORTED = "reported", _("support was told that something is wrong")


GOES_BACK = (CaseKind.LATE, CaseKind.DUPLICATE)  # in full, and nobody has to decide it


class CaseStatus(models.TextChoices):
    OPEN = "open", _("open")
    RESOLVED = "resolved", _("resolved")


class PaymentCaseQuerySet(models.QuerySet["PaymentCase"]):
    def open(self) -> PaymentCaseQuerySet:
        return self.filter(status=CaseStatus.OPEN)

    def owing(self) -> PaymentCaseQuerySet:
        """Somebody's money is here that we may not keep."""
        return self.open().filter(amount_owed__gt=Decimal(0))

    def get_for_update(self, pk: int) -> PaymentCase:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)


class PaymentCase(FSMModelMixin, models.Model):
    """Money that did not come as planned: what happened, what was decided, and what is owed.

    `txn_ref` is that of the payment. Of a second charge, of a refund that others made, and of a
    reversal that is contradicted it is followed by `/` and the number of that one.
    """

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
                # Of open ones: what is told again after a decision, and otherwise, is for a person
                # again.
                name="payment_case_once_per_fact",
                fields=["provider", "txn_ref", "kind"],
                condition=Q(status="open"),
            ),
        ]
        indexes = [
            # The unique rule's index has open cases only, and `_once` looks for those that were
            # decided.
            models.Index(name="payment_case_of_reference", fields=["txn_ref"]),
            models.Index(name="payment_case_listed", fields=["status", "-opened_at", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.txn_ref}"

    @property
    def mail_key(self) -> str:
        """The key of the mail that tells the customer about the money.

        By the money and not by the case: one that is opened once more, after a decision, tells
        nothing new.
        """
        return f"mail:payments.owed:{self.kind}:{self.provider}:{self.txn_ref}"

    @transition(field=status, source=CaseStatus.OPEN, target=CaseStatus.RESOLVED)
    def resolve(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Somebody decided; `reason` is the decision."""
        self.decision, self.decided_by, self.decided_at = reason, by, at
