"""The seats that orders keep from everybody else."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin

from ticketing.models import Event, Seat, Showing, one_of


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

    # Keys over several columns stand for these four in the database, so that all of them share the
    # showing of the order (migration 0002). Nobody looks holds up by the others: an index for each
    # would make every sale dearer.
    order = models.ForeignKey(
        "orders.Order", on_delete=models.PROTECT, related_name="holds", db_constraint=False
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
                # By a state and not by `expires_at`: what an index leaves out can't depend on the
                # clock. So an overdue hold keeps its seat until its order ends.
                name="hold_one_live_per_seat",
                fields=["seat"],
                condition=Q(status__in=["active", "confirmed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.seat_id}"
