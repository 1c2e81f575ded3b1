"""What people send in and look at before anything is made of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import UniqueConstraint

from ticketing.models.showings import Showing


class SeatPlanUpload(models.Model):
    """A seat plan without mistakes, kept while the person who sent it looks at its preview.

    Each person has one for each showing: the next takes its place, and it goes when its seats are
    made.
    """

    # Without an index of its own: the unique one begins with it.
    showing = models.ForeignKey(
        Showing, on_delete=models.CASCADE, related_name="plan_uploads", db_index=False
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    uploaded_at = models.DateTimeField()
    file_name = models.CharField(max_length=200)
    text = models.TextField()

    class Meta:
        constraints = [
            UniqueConstraint(name="seat_plan_upload_one_each", fields=["showing", "uploaded_by"])
        ]
