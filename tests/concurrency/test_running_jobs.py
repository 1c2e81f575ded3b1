"""Deliveries of the same message at once, relays side by side, and the sweep beside QStash."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event, Lock

import pytest
from django.db import transaction
from django.utils import timezone

from jobs import outbox, relay
from jobs.models import Job, JobQuerySet
from jobs.outbox import enqueue
from jobs.services import revive_job, run_due_jobs, run_job
from tests.concurrency.conftest import closing, run_together, wait_until_somebody_waits


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


@pytest.fixture
def slow_failure(monkeypatch):
    """A job whose handler is at work until it is told to fail."""
    begun, may_fail = Event(), Event()

    def work():
        begun.set()
        may_fail.wait(timeout=20)
        raise ValueError("no luck")

    monkeypatch.setitem(outbox._handlers, "test.slow", work)
    return begun, may_fail


def failed_while_another_run_ends_it_well(slow_failure):
    """A worker took longer than its lease, so that another one has run its job as well."""
    (begun, may_fail), job = slow_failure, enqueue("test.slow", run_at=timezone.now())
    with ThreadPoolExecutor(1) as others:
        failing = others.submit(closing(deliver(job)))
        assert begun.wait(timeout=20)
        with transaction.atomic():
            ended = Job.objects.get(pk=job.pk)
            ended.finish(at=timezone.now())
            ended.save()
            may_fail.set()
            wait_until_somebody_waits()
        failing.result()
    return Job.objects.get(pk=job.pk)


def test_a_failure_that_comes_too_late_has_no_job_run_again(slow_failure):
    job = failed_while_another_run_ends_it_well(slow_failure)

    assert (job.status, job.last_error) == ("done", "")


def revived_while_it_is_tried_again():
    """Two admins have the same dead job before them; the first one's try is over already."""
    job = enqueue("test.count", run_at=timezone.now(), number=1)
    job.bury(at=timezone.now(), error="no luck")
    job.save()
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        tried = Job.objects.get(pk=job.pk)
        tried.revive(at=timezone.now())
        tried.finish(at=timezone.now())
        tried.save()
        reviving = others.submit(closing(partial(revive_job, job_id=job.pk)))
        wait_until_somebody_waits()
    reviving.result()
    return Job.objects.get(pk=job.pk)


@pytest.mark.usefixtures("runs")
def test_what_one_admin_has_tried_again_another_does_not_repeat():
    assert revived_while_it_is_tried_again().status == "done"


@pytest.fixture
def without_lock(monkeypatch):
    monkeypatch.setattr(JobQuerySet, "select_for_update", lambda rows, **lock: rows)


@pytest.mark.usefixtures("runs", "without_lock")
def test_control_without_the_lock_what_was_done_is_run_again(slow_failure):
    assert failed_while_another_run_ends_it_well(slow_failure).status == "pending"
    assert revived_while_it_is_tried_again().status == "pending"


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
