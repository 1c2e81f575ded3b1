"""Money going back: one request to the provider to return some of a captured payment."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from payments.models.payment import Payment
from ticketing.models import one_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def new_request_id() -> str:
    """32 letters and digits, unique for ever (vnpay.md 8.3)."""
    return secrets.token_hex(16)


class ReversalStatus(models.TextChoices):
    CREATED = "created", _("created")
    SENT = "sent", _("sent")
    ACCEPTED = "accepted", _("accepted")
    SUCCEEDED = "succeeded", _("succeeded")
    REJECTED = "rejected", _("rejected")
    UNKNOWN = "unknown", _("unknown")


ON_THE_WAY = (ReversalStatus.SENT, ReversalStatus.ACCEPTED, ReversalStatus.UNKNOWN)
OPEN = (ReversalStatus.CREATED, *ON_THE_WAY)


class ReversalQuerySet(models.QuerySet["Reversal"]):
    def open(self) -> ReversalQuerySet:
        """Not known yet whether the money goes back."""
        return self.filter(status__in=OPEN)

    def standing(self) -> ReversalQuerySet:
        """Whose money is back, or may be."""
        return self.exclude(status=ReversalStatus.REJECTED)

    def due(self, now: datetime) -> ReversalQuerySet:
        """Something is to be done about them, and nobody is at it."""
        return self.filter(due_at__lte=now)

    def calls(self, provider: str) -> ReversalQuerySet:
        """Those that the provider was called for, the latest call first."""
        return self.filter(provider=provider, called_at__isnull=False).order_by("-called_at")

    def lock(self) -> list[Reversal]:
        """Lock these rows, and only these, by ascending id until the transaction ends."""
        return list(self.order_by("pk").select_for_update(of=("self",)))

    def get_for_update(self, pk: int) -> Reversal:
        """Lock this row, and only this row, until the transaction ends."""
        return self.select_for_update(of=("self",)).get(pk=pk)


class Reversal(FSMModelMixin, models.Model):
    """Some of a captured payment going back, committed before its provider is called.

    `request` is what the provider is told, without the signature. `called_at` is when it was called
    last and `was_answered` whether anything usable came back; `checks` counts the questions after
    that, `denials` those of the answers that knew of no such refund. `due_at` is when to go on;
    without it, it is over, or waits for a person. `unclear_at` is when a person was asked to look,
    until it has got further.
    """

    Status = ReversalStatus
    OPEN = OPEN

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="reversals")
    provider = models.CharField(max_length=30)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    is_full = models.BooleanField()
    request_id = models.CharField(max_length=32, unique=True, default=new_request_id)
    reason = models.CharField(max_length=255)
    requested_by = models.CharField(max_length=100)
    status = FSMField(
        choices=ReversalStatus.choices, default=ReversalStatus.CREATED, protected=True
    )
    request = models.JSONField(default=dict, blank=True)
    provider_transaction_no = models.CharField(max_length=50, blank=True)
    provider_code = models.CharField(max_length=50, blank=True)
    provider_message = models.TextField(blank=True)
    provider_answer = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    called_at = models.DateTimeField(null=True, blank=True)
    was_answered = models.BooleanField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    checks = models.IntegerField(default=0)
    denials = models.IntegerField(default=0)
    unclear_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ReversalQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", ReversalStatus, "reversal_status_valid"),
            CheckConstraint(name="reversal_amount_positive", condition=Q(amount__gt=Decimal(0))),
            UniqueConstraint(
                # VNPay refuses a refund while another one of the payment is under way, and its
                # answer to a question tells of one only: of two at once nobody could say which
                # (vnpay.md 8.1, 8.3).
                name="reversal_one_open_per_payment",
                fields=["payment"],
                condition=Q(status__in=["created", "sent", "accepted", "unknown"]),
            ),
            CheckConstraint(
                name="reversal_finished_at_when_final",
                condition=Q(status__in=["succeeded", "rejected"]) ^ Q(finished_at__isnull=True),
            ),
            CheckConstraint(
                name="reversal_due_unless_final",
                condition=Q(finished_at__isnull=True) | Q(due_at__isnull=True),
            ),
            CheckConstraint(
                name="reversal_sent_at_when_on_the_way",
                condition=~Q(status__in=["sent", "accepted", "unknown"]) | Q(sent_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="reversal_due", fields=["due_at"], condition=Q(due_at__isnull=False)),
            # For `sending.LATEST`: whether the provider has answered the last calls.
            models.Index(
                name="reversal_calls",
                fields=["provider", "-called_at"],
                condition=Q(called_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.request_id}"

    @transition(field=status, source=ReversalStatus.CREATED, target=ReversalStatus.SENT)
    def send(self, *, by: User | None, at: datetime, reason: str, request: dict[str, Any]) -> None:
        """The provider is about to be told, once."""
        self.request, self.sent_at = request, at
        # None and not False: a call that is still under way is no sign of silence.
        self.called_at, self.was_answered = at, None

    @transition(field=status, source=ReversalStatus.SENT, target=ReversalStatus.CREATED)
    def return_unsent(self, *, by: User | None, at: datetime, reason: str) -> None:
        """Nothing left this machine, so it may be sent again as it is."""
        # `called_at` stays: that there was no connection counts among the silences of the provider.
        self.sent_at = None

    @transition(
        field=status,
        source=[ReversalStatus.SENT, ReversalStatus.UNKNOWN],
        target=ReversalStatus.CREATED,
    )
    def retry_as_partial(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The provider refused a full refund for its kind only: ask anew for a partial one."""
        self.is_full, self.request_id, self.sent_at = False, new_request_id(), None

    @transition(field=status, source=ReversalStatus.SENT, target=ReversalStatus.UNKNOWN)
    def doubt(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The provider may have done it, or not: it must not be sent again."""
        # Whoever was asked before was told that nothing was sent.
        self.unclear_at = None

    @transition(
        field=status,
        # Unknown, too: an answer may come after others have given up on whoever waits for it.
        source=[ReversalStatus.SENT, ReversalStatus.UNKNOWN],
        target=ReversalStatus.ACCEPTED,
    )
    def accept(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The provider took the request; the money is not back yet."""
        self.unclear_at = None

    @transition(field=status, source=OPEN, target=ReversalStatus.SUCCEEDED)
    def succeed(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The money is back. Only a person can say so of one that was never sent."""
        self.finished_at, self.due_at = at, None

    @transition(field=status, source=OPEN, target=ReversalStatus.REJECTED)
    def reject(self, *, by: User | None, at: datetime, reason: str) -> None:
        """The money stays. Only a person can say so of one that was never sent."""
        self.finished_at, self.due_at = at, None
