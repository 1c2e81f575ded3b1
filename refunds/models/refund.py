"""A refund from the request to the money, and the tickets it takes back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from orders.models import Order, Ticket
from payments.models import Payment, PaymentCase, Reversal
from refunds.models.choices import (
    OF_PAYMENT,
    OPEN,
    PAID_BACK,
    UNDECIDED,
    CalculationBasis,
    RefundReason,
    RefundStatus,
)
from refunds.policy import PERCENTAGES
from ticketing.models import Event, one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class RefundQuerySet(models.QuerySet["Refund"]):
    def of_customer(self, customer_id: int) -> RefundQuerySet:
        return self.filter(order__customer_id=customer_id)

    def undecided(self) -> RefundQuerySet:
        return self.filter(status__in=UNDECIDED)

    def up_to_organizers(self) -> RefundQuerySet:
        """Those of which `is_up_to_organizer` is true."""
        waiting = self.filter(status=RefundStatus.PENDING_ORGANIZER)
        return waiting.exclude(order__event__in=Event.objects.closed())

    def approved(self) -> RefundQuerySet:
        """Decided, and nothing sent to the provider yet."""
        return self.filter(status=RefundStatus.APPROVED)

    def shown(self) -> RefundQuerySet:
        """With what an answer tells of them; their tickets as the list `shown_tickets`."""
        tickets = RefundTicket.objects.select_related("ticket__seat__area").order_by("ticket_id")
        shown = models.Prefetch("tickets", tickets, to_attr="shown_tickets")
        return self.select_related("order").prefetch_related(shown)

    def lock(self) -> list[Refund]:
        """Lock these rows, and only these, by ascending id until the transaction ends."""
        return list(self.order_by("pk").select_for_update(of=("self",)))

    def get_for_update(self, pk: int) -> Refund:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)


class Refund(FSMModelMixin, models.Model):
    """Money that goes back, or was asked back. It moves only through its transitions.

    `payment` is the one that gives the money back, `reversal` the latest try to do so. A refund of
    a late or second payment has a `case` and no tickets, and is not counted against the order.
    `explanation` keeps the policy's steps as they were when the amount was fixed.
    """

    Status = RefundStatus
    Reason = RefundReason

    # Found by the index of `refund_idempotency_key_unique`, which begins with the order.
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="refunds", db_index=False
    )
    reason = models.CharField(max_length=20, choices=RefundReason.choices)
    status = FSMField(choices=RefundStatus.choices, default=RefundStatus.REQUESTED, protected=True)
    percentage_applied = models.PositiveSmallIntegerField()
    base_amount = models.DecimalField(max_digits=14, decimal_places=2)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3, default="VND")
    calculation_basis = models.CharField(max_length=20, choices=CalculationBasis.choices)
    explanation = models.JSONField(default=list)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rejection_reason = models.TextField(blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds"
    )
    # Found, as the reversal below, by the index of its unique rule.
    case = models.ForeignKey(
        PaymentCase,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="refunds",
        db_index=False,
    )
    reversal = models.ForeignKey(
        Reversal,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="refunds",
        db_index=False,
    )
    provider_error = models.JSONField(default=dict, blank=True)
    payout_evidence = models.TextField(blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    request_digest = models.CharField(max_length=64, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", RefundStatus, "refund_status_valid"),
            one_of("reason", RefundReason, "refund_reason_valid"),
            one_of("calculation_basis", CalculationBasis, "refund_basis_valid"),
            CheckConstraint(
                name="refund_percentage_of_policy",
                condition=Q(percentage_applied__in=PERCENTAGES),
            ),
            CheckConstraint(
                name="refund_amount_within_base",
                condition=Q(amount__gte=Decimal(0)) & Q(amount__lte=F("base_amount")),
            ),
            CheckConstraint(
                name="refund_decision_at_when_decided",
                condition=Q(status__in=UNDECIDED) ^ Q(decision_at__isnull=False),
            ),
            CheckConstraint(
                name="refund_rejected_with_reason",
                condition=Q(status="rejected") ^ Q(rejection_reason=""),
            ),
            CheckConstraint(
                name="refund_processed_at_when_over",
                condition=Q(status__in=[*PAID_BACK, "failed"]) ^ Q(processed_at__isnull=True),
            ),
            CheckConstraint(
                name="refund_completed_is_all_of_base",
                condition=~Q(status="completed") | Q(amount=F("base_amount")),
            ),
            CheckConstraint(
                name="refund_partial_is_less_than_base",
                condition=~Q(status="partial") | Q(amount__lt=F("base_amount")),
            ),
            CheckConstraint(
                name="refund_of_payment_has_a_case",
                condition=Q(reason__in=OF_PAYMENT) ^ Q(case__isnull=True),
            ),
            # Whoever hears of late money once more, by a job that runs twice, makes no second
            # refund of it.
            UniqueConstraint(name="refund_once_per_case", fields=["case"]),
            UniqueConstraint(name="refund_once_per_reversal", fields=["reversal"]),
            # What the key of its tickets refers to.
            UniqueConstraint(name="refund_with_order", fields=["id", "order"]),
            UniqueConstraint(
                name="refund_idempotency_key_unique", fields=["order", "idempotency_key"]
            ),
        ]
        indexes = [
            models.Index(
                name="refund_approved", fields=["decision_at"], condition=Q(status="approved")
            ),
            models.Index(name="refund_unsettled", fields=["status"], condition=Q(status__in=OPEN)),
            models.Index(name="refund_requested", fields=["requested_at"]),
        ]

    def __str__(self) -> str:
        return _("Refund {number} of order {code}").format(number=self.pk, code=self.order.code)

    def lets_somebody_in(self, at: datetime) -> bool:
        """Whether one of its tickets is good, and for something that is yet to take place."""
        good = self.tickets.filter(ticket__in=self.order.tickets.valid())
        return self.order.is_to_come(at) and good.exists()

    @property
    def is_up_to_organizer(self) -> bool:
        """Whether the organizer decides: at an event that is off the platform takes the place."""
        is_theirs = self.status == RefundStatus.PENDING_ORGANIZER
        return bool(is_theirs and not self.order.event.is_closed)

    @property
    def is_of_payment(self) -> bool:
        """Whether it gives back a payment that the order never used."""
        return self.reason in OF_PAYMENT

    @property
    def latest_try(self) -> str:
        """The latest reversal and how far it is, which is what a person looks up; never empty."""
        return f"{self.reversal} {self.reversal.status}" if self.reversal else "none"

    @transition(field=status, source=RefundStatus.REQUESTED, target=RefundStatus.PENDING_ORGANIZER)
    def ask_organizer(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The organizer of the event decides."""

    @transition(field=status, source=RefundStatus.REQUESTED, target=RefundStatus.PENDING_ADMIN)
    def ask_admin(self, *, by: User | None, at: datetime, reason: str) -> None:
        """A platform admin decides."""

    @transition(field=status, source=UNDECIDED, target=RefundStatus.APPROVED)
    def approve(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Somebody decided for it, or the policy did (`by` is None)."""
        self.approved_by, self.decision_at = by, at

    @transition(
        field=status, source=[*UNDECIDED, RefundStatus.APPROVED], target=RefundStatus.REJECTED
    )
    def reject(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Somebody decided against it; `reason` is told to the customer."""
        self.rejection_reason, self.decision_at = reason, at

    @transition(field=status, source=RefundStatus.REJECTED, target=RefundStatus.PENDING_ADMIN)
    def reopen(self, *, by: User | None, at: datetime, reason: str) -> None:
        """An admin takes it up again: nobody has decided about it any more."""
        self.approved_by, self.decision_at, self.rejection_reason = None, None, ""

    @transition(
        field=status,
        source=[RefundStatus.APPROVED, RefundStatus.PAYMENT_FAILED],
        target=RefundStatus.PROCESSING,
    )
    def process(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The provider is being told to give the money back."""

    @transition(
        field=status,
        source=[RefundStatus.PROCESSING, RefundStatus.PAYMENT_FAILED],
        target=RefundStatus.COMPLETED,
    )
    def complete(self, *, by: User | None, at: datetime, reason: str) -> None:
        """All of its base is back."""
        self.processed_at = at

    @transition(
        field=status,
        source=[RefundStatus.PROCESSING, RefundStatus.PAYMENT_FAILED],
        target=RefundStatus.PARTIAL,
    )
    def complete_partly(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Its amount is back, which is less than its base."""
        self.processed_at = at

    @transition(
        field=status,
        source=[RefundStatus.PROCESSING, RefundStatus.PAYMENT_FAILED],
        target=RefundStatus.PAYMENT_FAILED,
    )
    def note_payment_failure(
        self, *, by: User | None, at: datetime, reason: str, error: dict[str, Any]
    ) -> None:
        """The provider refused, or does not say what it did: a person decides what now.

        Once more when that is not so any more: what stood in doubt was refused, for example.
        """
        self.provider_error = error

    @transition(field=status, source=RefundStatus.PAYMENT_FAILED, target=RefundStatus.FAILED)
    def fail(self, *, by: User | None, at: datetime, reason: str) -> None:
        """A person decided that no money goes back by this refund."""
        self.processed_at = at


class RefundTicketQuerySet(models.QuerySet["RefundTicket"]):
    def live(self) -> RefundTicketQuerySet:
        return self.filter(is_live=True)


class RefundTicket(models.Model):
    """A ticket that a refund takes back. Live until the refund is rejected or has failed."""

    # Found by the index of `refund_ticket_once`, which begins with the refund.
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, related_name="tickets", db_index=False
    )
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="refunds")
    # Named once more for keys with refund and ticket: both are of this order (migration 0002).
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    is_live = models.BooleanField(default=True)

    objects = RefundTicketQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(name="refund_ticket_once", fields=["refund", "ticket"]),
            UniqueConstraint(
                name="refund_one_live_per_ticket", fields=["ticket"], condition=Q(is_live=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.refund_id}/{self.ticket_id}"
