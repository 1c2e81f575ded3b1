"""What jobs do about jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from jobs import mail, schedules
from jobs.outbox import handles
from jobs.services import prune_jobs, run_due_jobs
from jobs.stopping import SLICE_SECONDS
from jobs.stored_mail import Stored

# That long QStash may be late before the sweep runs a job itself.
SLACK = timedelta(minutes=1)
SWEPT_AT_ONCE = 500

schedules.declare(schedules.SWEEP, cron="* * * * *")
schedules.declare("jobs.prune", cron="17 3 * * *")


@handles(schedules.SWEEP)
def sweep() -> None:
    """Fire and run what should have been a minute ago: its message was lost, or QStash is late."""
    schedules.fire_all(overdue_by=SLACK)
    run_due_jobs(limit=SWEPT_AT_ONCE, overdue_by=SLACK, seconds=SLICE_SECONDS)


@handles("jobs.prune")
def prune() -> None:
    """Delete jobs that were done long ago."""
    prune_jobs(days=30)


@handles(mail.TOPIC)
def send_mail(*, message: Stored, attach: Sequence[mail.Reference] = ()) -> None:
    """Send a mail that was queued."""
    mail.deliver(message, attach)
