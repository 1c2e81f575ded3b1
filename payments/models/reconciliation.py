"""Reports of comparing our payments with what their providers say."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from payments.models.case import PaymentCase
from payments.models.payment import Payment, PaymentStatus
from ticketing.business_time import stamp
from ticketing.models import one_of


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
        return stamp(self.started_at)


class ReconciliationDone(models.TextChoices):
    REPAIRED = "repaired", _("repaired")
    CASE = "case", _("a case tells of it")
    UNANSWERED = "unanswered", _("no final answer")
    FAILED = "failed", _("the comparison failed")


class ReconciliationEntry(models.Model):
    """One payment that did not agree in one run. What agreed is counted there and not listed."""

    run = models.ForeignKey(
        Reconciliation, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
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
