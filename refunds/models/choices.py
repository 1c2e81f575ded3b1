"""Why money goes back, of what it is a part, and how far it is."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RefundReason(models.TextChoices):
    """The values are those of `policy.Reason`."""

    PERSONAL = "personal", _("personal reason")
    POSTPONED = "postponed", _("event postponed")
    CANCELLED = "cancelled", _("event cancelled")
    FRAUD = "fraud", _("fraud")
    LATE_PAYMENT = "late_payment", _("payment came too late")
    DUPLICATE_PAYMENT = "duplicate_payment", _("paid twice")


class CalculationBasis(models.TextChoices):
    TICKETS = "tickets", _("sum of the selected tickets")
    ORDER_TOTAL = "order_total", _("total of the order")
    PAYMENT = "payment", _("the payment")


class RefundStatus(models.TextChoices):
    REQUESTED = "requested", _("requested")
    PENDING_ORGANIZER = "pending_organizer", _("waiting for the organizer")
    PENDING_ADMIN = "pending_admin", _("waiting for the platform")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    PROCESSING = "processing", _("money on its way back")
    COMPLETED = "completed", _("paid back")
    PARTIAL = "partial", _("partly paid back")
    PAYMENT_FAILED = "payment_failed", _("payment provider refused")
    FAILED = "failed", _("failed")


UNDECIDED = [RefundStatus.REQUESTED, RefundStatus.PENDING_ORGANIZER, RefundStatus.PENDING_ADMIN]
OPEN = [*UNDECIDED, RefundStatus.PAYMENT_FAILED]  # a person has to do something
# With what the provider refused: it stays set aside until a person decides.
RESERVED = [RefundStatus.APPROVED, RefundStatus.PROCESSING, RefundStatus.PAYMENT_FAILED]
PAID_BACK = [RefundStatus.COMPLETED, RefundStatus.PARTIAL]
OF_PAYMENT = [RefundReason.LATE_PAYMENT, RefundReason.DUPLICATE_PAYMENT]
