"""What is cleared away by itself."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from jobs import schedules
from jobs.outbox import handles
from ticketing import services
from ticketing.models import SeatPlanUpload

UPLOADS_KEPT = timedelta(days=7)

schedules.declare("ticketing.clear_up", cron="37 3 * * *")


@handles("ticketing.clear_up")
def clear_up() -> None:
    """Delete sessions that have ended, and seat plans that nobody came back to."""
    services.prune_sessions()
    SeatPlanUpload.objects.filter(uploaded_at__lt=timezone.now() - UPLOADS_KEPT).delete()
