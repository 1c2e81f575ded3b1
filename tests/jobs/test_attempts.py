"""What counts as an attempt, and what becomes of a job that has used them up."""

from __future__ import annotations

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.outbox import RunLater, enqueue
from jobs.services import CUT_OFF, MAX_ATTEMPTS, lease_due_jobs, run_due_jobs
from tests.factories import from_now


def fail():
    raise ZeroDivisionError("no luck")


class Killed(BaseException):
    """Ends the run at once, without a word about the job, as the end of the process does."""


def be_killed():
    raise Killed


def test_a_job_that_others_kept_from_being_begun_has_all_its_attempts_left(handler):
    handler(fail)
    enqueue("test.topic", run_at=from_now(minutes=-10))
    for _ in range(MAX_ATTEMPTS):
        lease_due_jobs(now=timezone.now(), due_by=timezone.now(), limit=10)
        Job.objects.update(leased_until=from_now(seconds=-1))

    assert run_due_jobs() == {"failed": 1}

    job = Job.objects.get()
    assert (job.status, job.attempts) == ("pending", 1)


def test_an_attempt_is_counted_before_the_handler_runs(handler):
    seen = []
    handler(lambda: seen.append(Job.objects.get().attempts))
    enqueue("test.topic", run_at=timezone.now())

    run_due_jobs()

    assert seen == [1]


def test_a_job_that_kills_its_process_every_time_is_dead_after_its_attempts(handler, calls):
    handler(be_killed)
    enqueue("test.topic", run_at=from_now(minutes=-10))
    enqueue("test.note", run_at=from_now(minutes=-9))
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(Killed):
            run_due_jobs()
        assert Job.objects.get(topic="test.topic").status == "pending"
        Job.objects.update(leased_until=from_now(seconds=-1))

    assert run_due_jobs() == {"dead": 1, "done": 1}

    job = Job.objects.get(topic="test.topic")
    assert (job.status, job.attempts) == ("dead", MAX_ATTEMPTS)
    assert job.last_error == CUT_OFF
    assert calls == [{}]
    assert Job.objects.get(topic="test.note").attempts == 1


def test_what_went_wrong_before_a_job_was_cut_off_is_kept(handler, calls):
    enqueue("test.note", run_at=timezone.now())
    Job.objects.update(attempts=MAX_ATTEMPTS, last_error="ZeroDivisionError: no luck")

    assert run_due_jobs() == {"dead": 1}

    assert Job.objects.get().last_error == f"{CUT_OFF}\nZeroDivisionError: no luck"
    assert calls == []


def outlasting(end):
    """A handler during which others take its job over, until they find its attempts used up."""

    def handle():
        Job.objects.update(attempts=MAX_ATTEMPTS, leased_until=from_now(seconds=-1))
        assert run_due_jobs() == {"dead": 1}
        end()

    return handle


def too_early():
    raise RunLater(from_now(minutes=5), "Not yet.")


@pytest.mark.parametrize(
    ("end", "outcome", "status", "attempts"),
    [
        (lambda: None, "done", "done", 0),
        (too_early, "postponed", "pending", 0),
        (fail, "failed", "dead", MAX_ATTEMPTS),
    ],
)
def test_a_job_that_outlasts_its_leases_is_what_its_end_says(
    handler, end, outcome, status, attempts
):
    handler(outlasting(end))
    enqueue("test.topic", run_at=from_now(minutes=-10))

    assert run_due_jobs() == {outcome: 1}

    job = Job.objects.get()
    assert (job.status, job.attempts) == (status, attempts)
    assert (CUT_OFF in job.last_error) == (status == "dead")
    assert (job.finished_at is None) == (status == "pending")
    assert job.leased_until is None


def test_a_failure_changes_nothing_once_another_run_has_done_the_job(handler):
    runs = []

    def handle():
        runs.append("begun")
        if len(runs) == 1:
            Job.objects.update(leased_until=from_now(seconds=-1))
            assert run_due_jobs() == {"done": 1}
            fail()

    handler(handle)
    enqueue("test.topic", run_at=from_now(minutes=-10))

    assert run_due_jobs() == {"failed": 1}

    job = Job.objects.get()
    assert (job.status, job.last_error) == ("done", "")
    assert len(runs) == 2
