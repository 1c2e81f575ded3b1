"""What counts as an attempt, and what becomes of a job that has used them up."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs.models import Job
from jobs.outbox import GiveUp, RunLater, enqueue
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


def test_a_job_that_is_given_up_says_so_in_the_log(handler, caplog):
    def give_up():
        raise GiveUp("Lan's address is wrong.")

    handler(give_up)
    job = enqueue("test.topic", run_at=timezone.now())

    assert run_due_jobs() == {"dead": 1}

    assert f"Job test.topic {job.pk} is dead." in caplog.text
    assert "Lan" not in caplog.text


def test_all_dead_jobs_of_a_topic_are_brought_back_at_once(handler, calls, capsys):
    handler(lambda number: fail())
    for number in range(3):
        enqueue("test.topic", run_at=timezone.now(), number=number)
    Job.objects.update(attempts=MAX_ATTEMPTS - 1)
    assert run_due_jobs() == {"dead": 3}
    Job.objects.filter(payload__number=0).update(finished_at=from_now(days=-2))
    enqueue("test.note", run_at=from_now(hours=1))

    call_command("revive_jobs", "test.topic", "--since", from_now(days=-1).isoformat())

    assert "2 jobs will be tried again." in capsys.readouterr().out
    handler(lambda number: calls.append(number))
    assert run_due_jobs() == {"done": 2}
    assert calls == [1, 2]
    call_command("revive_jobs", "test.topic")
    assert run_due_jobs() == {"done": 1}
    assert Job.objects.get(topic="test.note").generation == 0


def test_a_topic_that_nobody_handles_is_not_revived():
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("revive_jobs", "test.tpyo")


@pytest.mark.parametrize("since", ["yesterday", "2026-11-21T09:30", "2026-13-21T09:30+07:00"])
def test_a_moment_that_is_none_revives_nothing(handler, since):
    handler(fail)
    enqueue("test.topic", run_at=timezone.now())
    Job.objects.update(attempts=MAX_ATTEMPTS - 1)
    run_due_jobs()

    with pytest.raises(CommandError, match="a moment such as"):
        call_command("revive_jobs", "test.topic", "--since", since)

    assert Job.objects.get().status == "dead"
