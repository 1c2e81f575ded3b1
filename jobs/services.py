"""Running what is due, without any queue: enough for correctness, whatever else is down."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Event

from django.db import transaction
from django.utils import timezone

from jobs import outbox
from jobs.models import MAIL, Job, JobStatus
from jobs.outbox import GiveUp, NothingToDo, RunLater, handler_of
from jobs.stopping import end_of

logger = logging.getLogger(__name__)

# After a crash that long until somebody else may take over.
LEASE = timedelta(minutes=2)
BATCH = 100
# A silent mail server takes ten seconds for each: as many as that end within one lease.
MAILS_AT_ONCE = 10
MAX_ATTEMPTS = 12
# Over a day: a mail server that fails at night is mended by day.
MAIL_ATTEMPTS = 36
REMEMBERED_FOR = timedelta(days=365)
PRUNED_AT_ONCE = 5_000
# And twice as long after each further failure, up to the longest.
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
CUT_OFF = "Its last try never came to an end: whatever ran it was probably killed."


class UnknownJob(LookupError):
    """There is no such job, and there will be none."""


class Dead(Exception):
    """The job was given up; only a person brings it back."""


class Busy(Exception):
    """Somebody is at work on it, or it is too early; come back at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until}")
        self.until = until


def run_due_jobs(
    *,
    limit: int | None = None,
    overdue_by: timedelta = timedelta(0),
    seconds: float | None = None,
    stopping: Event | None = None,
) -> Counter[str]:
    """Run every job that is due now, mails last and else oldest first, until none is left.

    With a `limit`, until so many were run; with `seconds`, begin none after these, nor once
    `stopping` is set. What is left then is free for others.
    Beside QStash, `overdue_by` leaves it that much time to do so first.

    Returns how many ended how: `done`, `postponed`, `failed`, `dead`. Any number of processes may
    do this at once: a job is leased to one of them, and free again when the lease runs out.
    """
    outcomes: Counter[str] = Counter()
    ends = end_of(seconds)
    # Read once: what becomes due meanwhile is for the next call, or this one might never end.
    due_by = timezone.now() - overdue_by
    while limit is None or outcomes.total() < limit:
        most = BATCH if limit is None else min(BATCH, limit - outcomes.total())
        jobs = lease_due_jobs(now=timezone.now(), due_by=due_by, limit=most)
        if not jobs:
            break
        for job in jobs:
            if time.monotonic() >= ends or (stopping and stopping.is_set()):
                _leave(jobs)
                return outcomes
            if _begin(job):
                outcomes[_run(job)] += 1
    return outcomes


@transaction.atomic(durable=True)
def lease_due_jobs(*, now: datetime, due_by: datetime, limit: int) -> list[Job]:
    """Take up to `limit` jobs due by then for two minutes, passing over what others are taking.

    Mails come in heaps, and nothing waits for them: some are taken where nothing else is due. None
    of the jobs is begun by that: it may be another's turn before theirs comes.
    """
    due = Job.objects.due(now).filter(run_at__lte=due_by).order_by("run_at", "pk")
    due = due.select_for_update(skip_locked=True)
    jobs = list(due.exclude(topic=MAIL)[:limit])
    jobs = jobs or list(due.filter(topic=MAIL)[: min(limit, MAILS_AT_ONCE)])
    for job in jobs:
        job.leased_until = now + LEASE
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(leased_until=now + LEASE)
    return jobs


def _begin(job: Job) -> bool:
    """Whether the job is still ours, now for two minutes more and with one attempt more.

    Those before it may have taken long: whoever took it over when its lease had run out runs it, or
    has. The attempt is committed before the handler runs, which may kill this very process.
    """
    # The moment until which it is leased stands for the lease: any other worker has set another.
    ours = Job.objects.unfinished().filter(pk=job.pk, leased_until=job.leased_until)
    job.attempts += 1
    return ours.update(leased_until=timezone.now() + LEASE, attempts=job.attempts) == 1


def _leave(jobs: Sequence[Job]) -> None:
    """Let others have at once those that were leased together and not begun."""
    leased_until = jobs[0].leased_until
    ours = Job.objects.unfinished().filter(pk__in=[job.pk for job in jobs])
    # Those that were begun have a later lease, as have those that somebody else took over.
    ours.filter(leased_until=leased_until).update(leased_until=None)


@transaction.atomic(durable=True)
def revive_job(*, job_id: int) -> None:
    """Have a dead job tried again from now on. Any other job stays as it is. Locks the job."""
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.status == JobStatus.DEAD:
        job.revive(at=timezone.now())
        job.save()


def revive_jobs(*, topic: str, since: datetime | None = None) -> int:
    """Have all dead jobs of a topic tried again, or those that died since then; how many."""
    dead = Job.objects.dead().filter(topic=topic)
    if since:
        dead = dead.filter(finished_at__gte=since)
    ids = list(dead.order_by("pk").values_list("pk", flat=True))
    for job_id in ids:
        revive_job(job_id=job_id)
    return len(ids)


def run_job(*, job_id: int, generation: int) -> str:
    """Run the job that a message names, unless it was run, and return how that ended.

    `stale` means that another message or the fallback has done it, or will. A failure is tried
    again by a new generation of the job, so the message itself is done with. Locks the job while
    it is leased for two minutes; other deliveries meanwhile, and early ones, raise Busy.
    Raises UnknownJob; Dead for a job that is given up, now or before.
    """
    job = _lease(job_id, generation, timezone.now())
    outcome = _run(job) if job else "stale"
    if outcome == "dead":
        raise Dead(str(job))
    return outcome


@transaction.atomic(durable=True)
def _lease(job_id: int, generation: int, now: datetime) -> Job | None:
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise UnknownJob(str(job_id))
    if job.status == JobStatus.DEAD:
        raise Dead(str(job))
    # Of another generation: the job was put off or revived, and has a message of its own for that.
    if job.status == JobStatus.DONE or job.generation != generation:
        return None
    if busy_until := _busy_until(job, now):
        raise Busy(busy_until)
    job.leased_until = now + LEASE
    job.attempts += 1
    job.save(update_fields=["leased_until", "attempts"])
    return job


def _busy_until(job: Job, now: datetime) -> datetime | None:
    if job.leased_until and job.leased_until > now:
        return job.leased_until
    return job.run_at if job.run_at > now else None


def _most_attempts(job: Job) -> int:
    """How often it may fail in a row. What else fails is to be seen, and mended, within hours."""
    return MAIL_ATTEMPTS if job.topic == MAIL else MAX_ATTEMPTS


def _run(job: Job) -> str:
    # Attempts are counted before they begin, so only those that nobody could record get this far.
    if job.attempts > _most_attempts(job):
        return _record(job.pk, "dead", error=f"{CUT_OFF}\n{job.last_error}".strip())
    try:
        handler_of(job.topic)(**job.payload)
    except GiveUp as refusal:
        return _record(job.pk, "dead", error=str(refusal))
    except NothingToDo as reason:
        return _record(job.pk, "done", error=str(reason))
    except RunLater as later:
        # Not in the past, where it would be due in the very call that has just run it.
        return _record(job.pk, "postponed", until=max(later.at, timezone.now()), error=str(later))
    except Exception as error:
        logger.exception("Job %s failed at attempt %s.", job, job.attempts)
        return _record_failure(job, f"{type(error).__name__}: {error}")
    return _record(job.pk, "done")


def _record_failure(job: Job, error: str) -> str:
    if job.attempts >= _most_attempts(job):
        return _record(job.pk, "dead", error=error)
    wait = min(FIRST_WAIT * 2 ** (job.attempts - 1), LONGEST_WAIT)
    return _record(job.pk, "failed", until=timezone.now() + wait, error=error)


@transaction.atomic(durable=True)
def _record(job_id: int, outcome: str, *, until: datetime | None = None, error: str = "") -> str:
    """Write down how a run ended, unless another run has ended the job meanwhile.

    Whoever found its attempts used up was wrong if one of them only took long, and ended well.
    """
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.status == JobStatus.DEAD and outcome in ("done", "postponed"):
        job.revive(at=timezone.now())
    # A second run of the same job ended first. Handlers bear repeats, so its word stands.
    if job.status in (JobStatus.DONE, JobStatus.DEAD):
        return outcome
    error = _storable(error)
    if outcome == "postponed":
        # It went as it should: only failures in a row make a job dead.
        job.attempts = 0
    # Finding them used up was not one more.
    job.attempts = min(job.attempts, _most_attempts(job))
    if until is not None:
        job.postpone(until=until, error=error)
    elif outcome == "dead":
        job.bury(at=timezone.now(), error=error)
        logger.error("Job %s is dead. Its row says why, and `revive_jobs` brings it back.", job)
    else:
        job.finish(at=timezone.now(), why_not=error)
    job.save()
    return outcome


def _storable(text: str) -> str:
    """The text less what PostgreSQL can't store: nobody else's turn may end with it."""
    return text.replace("\0", "").encode(errors="replace").decode()


def prune_jobs(*, days: int) -> int:
    """Delete jobs that were done more than `days` ago, some at a time; return how many.

    Those that are remembered go only after a year: tickets are given back by then.
    """
    now = timezone.now()
    done = Job.objects.filter(status=JobStatus.DONE, finished_at__lt=now - timedelta(days=days))
    old = done.exclude(outbox.remembered(), finished_at__gte=now - REMEMBERED_FOR)
    total = 0
    # In portions, each a transaction of its own: none keeps locks, or vacuum, waiting for long.
    while ids := list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE]):
        total += Job.objects.filter(pk__in=ids).delete()[0]
    return total
