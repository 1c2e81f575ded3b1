"""What admins decided about a refund against the policy."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q

from refunds.models.refund import Refund
from refunds.policy import PERCENTAGES


class RefundOverride(models.Model):
    """An admin's percentage in the place of the policy's."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="overrides")
    old_percentage = models.PositiveSmallIntegerField()
    new_percentage = models.PositiveSmallIntegerField()
    old_amount = models.DecimalField(max_digits=14, decimal_places=2)
    new_amount = models.DecimalField(max_digits=14, decimal_places=2)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            CheckConstraint(
                name="refund_override_percentages_of_policy",
                condition=Q(old_percentage__in=PERCENTAGES) & Q(new_percentage__in=PERCENTAGES),
            ),
            CheckConstraint(name="refund_override_has_a_note", condition=~Q(note="")),
        ]

    def __str__(self) -> str:
        return f"{self.refund_id}: {self.old_percentage} % → {self.new_percentage} %"
