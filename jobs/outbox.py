"""Facts that somebody has to act on later, recorded with the change that made them true."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from jobs.models import Job
from jobs.prepared import fetch_all
from jobs.writing import Write, write

CHANNEL = "jobs"

# By hand, since every use case ends with it: `bulk_create` takes as long as two queries.
INSERT = """
INSERT INTO jobs_job (topic, payload, key, status, run_at, attempts, generation, message_id,
    last_error, created_at)
SELECT topic, payload, key, 'pending', run_at, 0, 0, '', '', created_at
FROM jsonb_to_recordset(%(jobs)s::jsonb) AS job
    (topic text, payload jsonb, key text, run_at timestamptz, created_at timestamptz)
ON CONFLICT (key) DO NOTHING
RETURNING id
"""

Handler = Callable[..., None]

_handlers: dict[str, Handler] = {}
_remembered: list[Q] = []


class UnknownTopic(Exception):
    """No handler is bound to the topic: a typo, or an app that is not installed."""


class RunLater(Exception):
    """A handler raises it to be called again at `at`: not a failure, only too early."""

    def __init__(self, at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.at = at


class GiveUp(Exception):
    """A handler raises it when trying again can never succeed: the job is dead at once."""


class NothingToDo(Exception):
    """A handler raises it when what it was to do has lost its sense: done, and the job says why."""


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Bind a function to `topic`. It is called with the payload as keyword arguments.

    Jobs may run twice, late and in any order, so a handler must be safe to repeat. It runs outside
    any transaction. Raise `RunLater` to be called again, `GiveUp` to be never called again,
    `NothingToDo` to have it done with a reason; any other exception counts as a failure.
    """

    def bind(handler: Handler) -> Handler:
        if topic in _handlers:
            raise ValueError(f"Topic {topic} has a handler already.")
        _handlers[topic] = handler
        return handler

    return bind


def remember(**lookups: Any) -> None:
    """Keep jobs like these for a year once they are done: they tell what was said to whom."""
    _remembered.append(Q(**lookups))


def remembered() -> Q:
    """Which jobs `remember` is about."""
    return reduce(or_, _remembered)


def topics() -> list[str]:
    """All that have a handler."""
    return sorted(_handlers)


def handler_of(topic: str) -> Handler:
    """The function bound to `topic`; raises UnknownTopic."""
    try:
        return _handlers[topic]
    except KeyError:
        raise UnknownTopic(topic) from None


def new_job(topic: str, *, run_at: datetime, key: str | None = None, **payload: Any) -> Job:
    """A job to be enqueued, with others in one INSERT.

    Raises UnknownTopic at once, so that a typo fails the first test and not the first night.
    """
    handler_of(topic)
    return Job(topic=topic, payload=payload, run_at=run_at, key=key, created_at=timezone.now())


def enqueue(topic: str, *, run_at: datetime, key: str | None = None, **payload: Any) -> Job:
    """Record in the caller's transaction that `topic` is to be handled at `run_at`, or soon after.

    Of all jobs with the same `key` there is only one, ever: the first, which is returned.
    Raises UnknownTopic.
    """
    job = new_job(topic, run_at=run_at, key=key, **payload)
    enqueue_together([job])
    if run_at <= timezone.now():
        _wake_relay_after_commit()
    # Read again, as the first one may be another's: the INSERT has waited for that to commit,
    # so under READ COMMITTED it is seen here.
    return job if key is None else Job.objects.get(key=key)


def enqueue_together(jobs: list[Job]) -> None:
    """Record several jobs with one INSERT, or none; a relay finds them at its next look.

    Those whose key is taken are left out. Inside a block of `jobs.writing.together` they are
    written at its end, unless one has a key: who asks for that may go on with the one there was.
    """
    if not jobs:
        return
    columns = ("topic", "payload", "key", "run_at", "created_at")
    rows = [{name: getattr(job, name) for name in columns} for job in jobs]

    def tell(ids: list[int]) -> None:
        # PostgreSQL returns ids in the order of the rows. Once some were left out, nothing says
        # whose they are.
        if len(ids) == len(jobs):
            for job, pk in zip(jobs, ids, strict=True):
                job.pk = pk

    values = {"jobs": json.dumps(rows, default=str)}
    if any(job.key for job in jobs):
        tell([pk for (pk,) in fetch_all(INSERT, values)])
    else:
        write(Write(INSERT, values, tell))


def enqueue_due(jobs: list[Job]) -> None:
    """Record several jobs that are due with one INSERT, and have them published at once."""
    enqueue_together(jobs)
    if jobs:
        _wake_relay_after_commit()


def run_now(*, waiting_for: str) -> None:
    """Have those run in the caller's transaction, or soon after, that `RunLater` put off for that.

    A message that QStash has for later comes too late then: the sweep runs them. Locks the jobs.
    """
    now = timezone.now()
    waiting = Job.objects.unfinished().filter(last_error=waiting_for, run_at__gt=now)
    locked = waiting.order_by("pk").select_for_update().values_list("pk", flat=True)
    Job.objects.filter(pk__in=list(locked)).update(run_at=now)


def wake_relay() -> None:
    """Tell a listening relay that there is something to publish.

    Not in the caller's transaction: PostgreSQL lets notifying transactions commit one by one.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


def _wake_relay_after_commit() -> None:
    """Once for each transaction, however often it is wished."""
    # For each of its savepoints, to be exact: what is rolled back takes its wish along.
    wished = [(ids, wish) for ids, wish, *_ in connection.run_on_commit]
    if (set(connection.savepoint_ids), wake_relay) not in wished:
        # What is committed stays so, whether or not the relay hears of it: it looks by itself, too.
        transaction.on_commit(wake_relay, robust=True)
