"""Schedules where there is no QStash, or where it fails: the sweep fires them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from jobs import schedules
from jobs.models import Job
from jobs.outbox import enqueue, handler_of
from jobs.schedules import Schedule, declared, fire, last_firing
from sandbox.qstash_schedules import next_firing
from tests.factories import from_now

MINUTE = timedelta(minutes=1)


@pytest.fixture
def nightly(monkeypatch, calls):
    """The only schedule, and what its job was called with."""
    monkeypatch.setattr(schedules, "_declared", {"test.note": Schedule("test.note", "17 3 * * *")})
    return calls


@pytest.fixture
def alone(settings):
    settings.QSTASH_TOKEN = ""


def minutes_of_a_week():
    begin = datetime(2026, 11, 22, tzinfo=UTC)
    return [begin + 7 * n * MINUTE for n in range(24 * 60)]


@pytest.mark.parametrize("cron", sorted({schedule.cron for schedule in declared()}))
def test_a_schedule_comes_when_qstash_would_fire_it(cron):
    for minute in minutes_of_a_week():
        at = last_firing(cron, minute)

        just_before = (at - timedelta(seconds=1)).timestamp()
        assert next_firing(cron, just_before) == at.timestamp()
        assert next_firing(cron, at.timestamp()) > minute.timestamp()


def test_without_qstash_the_sweep_fires_what_is_declared_once_for_each_time(nightly, alone):
    for _ in range(3):
        call_command("run_due_jobs")

    assert nightly == [{}]

    [job] = Job.objects.all()
    Job.objects.update(key=job.key.replace(job.key.split()[1], "2026-01-01T03:17"))
    call_command("run_due_jobs")
    assert nightly == [{}, {}]


def test_the_sweep_fires_what_qstash_did_not_fire_in_time(nightly, settings):
    settings.QSTASH_TOKEN = "a-token"

    for _ in range(3):
        call_command("run_due_jobs", overdue_by=60)

    [job] = Job.objects.all()
    assert (job.topic, job.status) == ("test.note", "pending")  # QStash may run it
    Job.objects.update(run_at=from_now(seconds=-61))
    call_command("run_due_jobs", overdue_by=60)
    assert nightly == [{}]


def test_the_sweep_that_qstash_calls_fires_what_it_did_not_fire_but_never_itself(settings):
    settings.QSTASH_TOKEN = "a-token"

    for _ in range(2):
        handler_of("jobs.sweep")()

    others = {schedule.topic for schedule in declared()} - {"jobs.sweep"}
    assert Counter(Job.objects.values_list("topic", "status")) == {
        (topic, "pending"): 1 for topic in others
    }


def test_the_sweep_leaves_qstash_the_time_to_fire(nightly, settings):
    settings.QSTASH_TOKEN = "a-token"
    now = timezone.now()
    this_minute = Schedule("test.note", f"{now.minute} {now.hour} * * *")
    schedules._declared["test.note"] = this_minute
    fire("test.note", overdue_by=timedelta(days=1))
    Job.objects.update(status="done", finished_at=now)

    call_command("run_due_jobs", overdue_by=120)
    assert Job.objects.count() == 1

    call_command("run_due_jobs", overdue_by=0)
    assert Job.objects.count() == 2


def test_a_job_that_still_waits_is_not_made_once_more(nightly):
    earlier = enqueue("test.note", run_at=timezone.now())

    fire("test.note")

    assert Job.objects.get() == earlier


def test_all_that_is_declared_runs_without_qstash(alone):
    call_command("run_due_jobs")

    topics = {schedule.topic for schedule in declared()} - {"jobs.sweep"}  # it is the sweep
    assert set(Job.objects.values_list("topic", "status")) == {(each, "done") for each in topics}


def test_without_qstash_nothing_is_left_to_it_first(calls, alone, nightly):
    enqueue("test.note", run_at=from_now(seconds=-1))

    call_command("run_due_jobs", overdue_by=60)

    assert calls == [{}]
