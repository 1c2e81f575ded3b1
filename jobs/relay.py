"""From the outbox to QStash: claim, publish, record, each safe to lose at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from jobs import qstash
from jobs.models import Job
from jobs.writing import save_together

BATCH = 100
# While QStash takes one batch, another is claimed or recorded.
LINES = 2
# Longer than publishing a batch may take.
CLAIM = timedelta(minutes=1)
# QStash keeps a message for at most seven days. What is due later waits here.
HORIZON = timedelta(days=6)


def publish_all(stopping: Event) -> Published:
    """Publish all jobs that wait for it, until `stopping` is set.

    A heap of them goes out over several threads. Raises whatever publishing raises, once all of
    these have come to their end.
    """
    # Mostly only a few wait, and these need no threads.
    first = publish_waiting_jobs()
    if first.tried < BATCH:
        return first
    with ThreadPoolExecutor(LINES) as lines:
        return _sum([first, *lines.map(_publish_line, [stopping] * LINES)])


def _publish_line(stopping: Event) -> Published:
    batches = []
    try:
        while not stopping.is_set() and (batch := publish_waiting_jobs()).tried:
            batches.append(batch)
    finally:
        # Each thread has a connection of its own, which nobody else gives back to the pool.
        connection.close()
    return _sum(batches)


class Published(NamedTuple):
    """Of how many jobs a message was sent, and how many of these QStash took."""

    tried: int
    taken: int


def _sum(batches: list[Published]) -> Published:
    return Published(sum(batch.tried for batch in batches), sum(batch.taken for batch in batches))


def publish_waiting_jobs() -> Published:
    """Publish one batch of jobs that wait for it.

    Any number of relays may do this at once: a batch belongs to one of them for a minute. A crash
    in between repeats the message after that, which QStash recognises and handlers bear.
    Raises whatever publishing raises; then the jobs are free again at once.
    """
    now = timezone.now()
    jobs = claim_waiting_jobs(now=now)
    if not jobs:
        return Published(0, 0)
    with _given_back_on_failure(jobs):
        messages = qstash.publish(jobs, now=now)
    record_published(jobs, messages, at=timezone.now())
    return Published(len(jobs), len(messages))


@transaction.atomic(durable=True)
def claim_waiting_jobs(*, now: datetime) -> list[Job]:
    """Take pending jobs that nobody is publishing, soonest first, passing over locked ones."""
    waiting = Job.objects.unpublished(now).filter(run_at__lte=now + HORIZON)
    jobs = list(waiting.order_by("run_at", "pk").select_for_update(skip_locked=True)[:BATCH])
    # The locks end with this transaction, before anything is sent: from here on this time keeps
    # other relays away.
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(publishing_until=now + CLAIM)
    return jobs


@contextmanager
def _given_back_on_failure(jobs: list[Job]) -> Iterator[None]:
    try:
        yield
    except Exception:
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(publishing_until=None)
        raise


@transaction.atomic(durable=True)
def record_published(claimed: list[Job], messages: dict[int, str], *, at: datetime) -> None:
    """Mark what was published, unless the message has already run its job or made a new one of it.

    What QStash refused stays claimed, so that it is not tried again before the claim ends.
    """
    generations = {job.pk: job.generation for job in claimed}
    rows = Job.objects.waiting().filter(pk__in=messages).order_by("pk").select_for_update()
    # A later generation waits for a message of its own: marked by this one it would get none.
    published = [job for job in rows if job.generation == generations[job.pk]]
    # The transition checks the states; what it sets is saved for all of them at once.
    for job in published:
        job.publish(message_id=messages[job.pk], at=at)
    save_together(published, "status", "message_id", "published_at", "publishing_until")
