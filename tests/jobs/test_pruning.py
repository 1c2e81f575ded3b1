"""What is done is not kept for ever, but what somebody reads from it later is kept for long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.outbox import enqueue
from jobs.services import prune_jobs, run_due_jobs


@pytest.fixture
def done(calls):
    """Makes a job that was done so many days ago."""

    def done(days, topic="test.note", **fields):
        job = enqueue("test.note", run_at=timezone.now(), key=fields.get("key"))
        run_due_jobs()
        at = timezone.now() - timedelta(days=days)
        Job.objects.filter(pk=job.pk).update(topic=topic, finished_at=at)
        return job

    return done


def left():
    return set(Job.objects.values_list("pk", flat=True))


def test_what_was_done_a_month_ago_is_deleted(done):
    _old, young = done(31), done(29)

    assert prune_jobs(days=30) == 1

    assert left() == {young.pk}


@pytest.mark.parametrize(
    "what", [{"topic": "ticketing.dates_news"}, {"key": "mail:orders.paid_in_vain:7"}]
)
def test_what_was_told_of_dates_and_dead_tickets_is_kept_for_a_year(done, what):
    _too_old, kept = (
        done(366, **{**what, "key": None, "topic": "ticketing.dates_news"}),
        done(364, **what),
    )

    assert prune_jobs(days=30) == 1

    assert left() == {kept.pk}


def test_what_is_not_done_is_kept_however_old(calls):
    dead = enqueue("test.note", run_at=timezone.now())
    Job.objects.filter(pk=dead.pk).update(status="dead", finished_at=timezone.now() - timedelta(99))

    assert prune_jobs(days=30) == 0

    assert left() == {dead.pk}
