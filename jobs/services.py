"""Running what is due, without any queue: enough for correctness, whatever else is down."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from jobs.models import Job, JobStatus
from jobs.outbox import RunLater, handler_of

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
BATCH = 100
MAX_ATTEMPTS = 12
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)


def run_due_jobs(*, limit: int | None = None) -> Counter[str]:
    """Run every job that is due now, oldest first, until none or `limit` are left.

    Returns how many ended how: `done`, `postponed`, `failed`, `dead`. Any number of processes may
    do this at once: a job is leased to one of them, and free again when the lease runs out.
    """
    outcomes: Counter[str] = Counter()
    due_by = timezone.now()  # what becomes due meanwhile, or again, is for the next call
    while limit is None or outcomes.total() < limit:
        most = BATCH if limit is None else min(BATCH, limit - outcomes.total())
        jobs = lease_due_jobs(now=timezone.now(), due_by=due_by, limit=most)
        if not jobs:
            break
        outcomes.update(_run(job) for job in jobs)
    return outcomes


@transaction.atomic(durable=True)
def lease_due_jobs(*, now: datetime, due_by: datetime, limit: int) -> list[Job]:
    """Take up to `limit` jobs due by then for five minutes, passing over what others are taking."""
    due = Job.objects.due(now).filter(run_at__lte=due_by).order_by("run_at", "pk")
    jobs = list(due.select_for_update(skip_locked=True)[:limit])
    for job in jobs:
        job.leased_until = now + LEASE
        job.attempts += 1
    Job.objects.bulk_update(jobs, ["leased_until", "attempts"])
    return jobs


@transaction.atomic(durable=True)
def revive_job(*, job_id: int) -> None:
    """Have a dead job tried again from now on. Any other job stays as it is. Locks the job."""
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.status == JobStatus.DEAD:
        job.revive(at=timezone.now())
        job.save()


def _run(job: Job) -> str:
    try:
        handler_of(job.topic)(**job.payload)
    except RunLater as later:
        return _record(job.pk, "postponed", until=max(later.at, timezone.now()), error=str(later))
    except Exception as error:
        logger.exception("Job %s failed at attempt %s.", job, job.attempts)
        return _record_failure(job, f"{type(error).__name__}: {error}")
    return _record(job.pk, "done")


def _record_failure(job: Job, error: str) -> str:
    if job.attempts >= MAX_ATTEMPTS:
        return _record(job.pk, "dead", error=error)
    wait = min(FIRST_WAIT * 2 ** (job.attempts - 1), LONGEST_WAIT)
    return _record(job.pk, "failed", until=timezone.now() + wait, error=error)


@transaction.atomic(durable=True)
def _record(job_id: int, outcome: str, *, until: datetime | None = None, error: str = "") -> str:
    """Write down how a run ended, unless another run has ended the job meanwhile."""
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.status in (JobStatus.DONE, JobStatus.DEAD):
        return outcome
    if until is not None:
        job.postpone(until=until, error=error)
    elif outcome == "dead":
        job.bury(at=timezone.now(), error=error)
    else:
        job.finish(at=timezone.now())
    job.save()
    return outcome
