"""Deliveries of the same message at once, relays side by side, and the sweep beside QStash."""

from __future__ import annotations

from collections import Counter
from threading import Lock

import pytest
from django.utils import timezone

from jobs import outbox, relay
from jobs.models import Job
from jobs.outbox import enqueue
from jobs.services import run_due_jobs, run_job
from tests.concurrency.conftest import run_together


@pytest.fixture
def runs(monkeypatch):
    """How often each job's handler ran."""
    counted: Counter[int] = Counter()
    guard = Lock()

    def count(*, number):
        with guard:
            counted[number] += 1

    monkeypatch.setitem(outbox._handlers, "test.count", count)
    return counted


def make_jobs(count):
    return [enqueue("test.count", run_at=timezone.now(), number=n) for n in range(count)]


def deliver(job):
    return lambda: run_job(job_id=job.pk, generation=job.generation)


def test_every_message_delivered_three_times_at_once_runs_its_job_once(runs):
    jobs = make_jobs(60)

    outcomes = run_together(deliver(job) for _ in range(3) for job in jobs)

    assert set(outcomes) <= {"done", "Busy"}
    assert runs == dict.fromkeys(range(60), 1)
    assert set(Job.objects.values_list("status", flat=True)) == {"done"}


def test_the_sweep_beside_deliveries_runs_each_job_once(runs):
    jobs = make_jobs(60)

    run_together([*(deliver(job) for job in jobs), *(run_due_jobs for _ in range(4))])
    run_due_jobs()

    assert runs == dict.fromkeys(range(60), 1)


def test_control_without_the_lease_a_job_runs_more_than_once(runs, monkeypatch):
    monkeypatch.setattr("jobs.services._lease", lambda job_id, *_: Job.objects.get(pk=job_id))
    [job] = make_jobs(1)

    run_together([deliver(job) for _ in range(10)])

    assert runs[0] > 1


def test_two_relays_never_claim_the_same_job():
    claimed: list[int] = []
    guard = Lock()
    Job.objects.bulk_create(
        Job(topic="test.count", payload={}, run_at=timezone.now()) for _ in range(10_000)
    )

    def claim_all():
        while jobs := relay.claim_waiting_jobs(now=timezone.now()):
            with guard:
                claimed.extend(job.pk for job in jobs)

    run_together([claim_all for _ in range(6)])

    assert len(claimed) == len(set(claimed)) == 10_000
