from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs import schedules, services
from jobs.mail import queue_mail
from jobs.management.commands import run_due_jobs as run_due_jobs_command
from jobs.management.commands.run_due_jobs import Command
from jobs.models import Job
from jobs.outbox import NothingToDo, RunLater, UnknownTopic, enqueue, run_now
from jobs.services import MAILS_AT_ONCE, MAX_ATTEMPTS, lease_due_jobs, run_due_jobs
from tests.factories import from_now

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _no_schedules(monkeypatch):
    monkeypatch.setattr(schedules, "_declared", {})


def fail(**payload):
    raise ZeroDivisionError("no luck")


def test_a_due_job_runs_once_with_its_payload(calls):
    enqueue("test.note", run_at=timezone.now(), order_id=7)

    assert run_due_jobs() == {"done": 1}
    assert run_due_jobs() == {}

    assert calls == [{"order_id": 7}]
    job = Job.objects.get()
    assert (job.status, job.attempts) == ("done", 1)
    assert job.finished_at is not None


def test_a_job_of_the_future_waits(calls):
    enqueue("test.note", run_at=from_now(seconds=60))

    assert run_due_jobs() == {}
    assert calls == []


def test_a_topic_that_nobody_handles_is_refused_at_once():
    with pytest.raises(UnknownTopic):
        enqueue("test.tpyo", run_at=timezone.now())

    assert not Job.objects.exists()


def test_a_job_that_was_told_to_come_later_again_and_again_may_still_fail_once(handler):
    def come_later(**payload):
        raise RunLater(timezone.now(), "not yet")

    handler(come_later)
    enqueue("test.topic", run_at=timezone.now())
    for _ in range(MAX_ATTEMPTS):
        assert run_due_jobs(limit=1) == {"postponed": 1}

    handler(fail)

    assert run_due_jobs() == {"failed": 1}
    assert Job.objects.get().status == "pending"


def test_a_failing_job_is_tried_again_later_and_tells_why(handler):
    handler(fail)
    enqueue("test.topic", run_at=timezone.now())

    assert run_due_jobs() == {"failed": 1}

    job = Job.objects.get()
    assert job.status == "pending"
    assert job.run_at > timezone.now()
    assert job.last_error == "ZeroDivisionError: no luck"


def test_a_failing_job_does_not_stop_the_others(handler, calls):
    handler(fail)
    enqueue("test.topic", run_at=from_now(seconds=-2))
    enqueue("test.note", run_at=from_now(seconds=-1))

    assert run_due_jobs() == {"failed": 1, "done": 1}
    assert calls == [{}]


@pytest.mark.parametrize(
    "told", ["half a letter \udc80", "nothing \0 at all"], ids=["surrogate", "null"]
)
def test_an_error_that_the_database_can_not_keep_as_it_is_stops_nobody(
    handler, calls, told, caplog
):
    caplog.set_level(logging.CRITICAL)  # reports of tests can't have it either

    def fail():
        raise ZeroDivisionError(told)

    handler(fail)
    enqueue("test.topic", run_at=from_now(minutes=-2))
    enqueue("test.note", run_at=from_now(minutes=-1))

    assert run_due_jobs() == {"failed": 1, "done": 1}

    assert Job.objects.get(topic="test.topic").last_error.startswith("ZeroDivisionError: ")
    assert len(calls) == 1


def test_the_waits_grow_up_to_an_hour(handler):
    handler(fail)
    enqueue("test.topic", run_at=timezone.now())
    waits = []
    for _ in range(MAX_ATTEMPTS - 1):
        Job.objects.update(run_at=from_now(seconds=-1))
        before = timezone.now()
        run_due_jobs()
        waits.append(round((Job.objects.get().run_at - before).total_seconds()))

    assert waits == sorted(waits)
    assert waits[0] < 60
    assert waits[-1] == 3600


def test_after_the_last_attempt_a_job_is_dead_until_a_person_revives_it(handler, calls):
    handler(fail)
    enqueue("test.topic", run_at=timezone.now())
    Job.objects.update(attempts=MAX_ATTEMPTS - 1)

    assert run_due_jobs() == {"dead": 1}
    assert run_due_jobs() == {}

    job = Job.objects.get()
    assert (job.status, job.last_error) == ("dead", "ZeroDivisionError: no luck")
    handler(lambda **payload: calls.append(payload))
    services.revive_job(job_id=job.pk)
    assert run_due_jobs() == {"done": 1}


def test_reviving_a_job_that_is_not_dead_changes_nothing(calls):
    job = enqueue("test.note", run_at=timezone.now())
    run_due_jobs()

    services.revive_job(job_id=job.pk)

    assert Job.objects.get().status == "done"
    assert len(calls) == 1


def test_a_handler_may_ask_to_be_called_later(handler):
    later = from_now(minutes=5)

    def not_yet(**payload):
        raise RunLater(later, "The order can't be settled yet.")

    handler(not_yet)
    enqueue("test.topic", run_at=timezone.now())

    assert run_due_jobs() == {"postponed": 1}
    assert Job.objects.get().run_at == later


def test_what_waits_for_something_runs_once_that_has_come(handler):
    """And nothing else does: neither what waits for something else, nor what is done."""

    def wait_for(*, what):
        raise RunLater(later, what)

    later = from_now(days=1)
    handler(wait_for)
    for what in ("the sun", "the rain", "the sun"):
        enqueue("test.topic", run_at=timezone.now(), what=what)
    run_due_jobs()
    first, rain, second = Job.objects.order_by("pk")
    second.finish(at=timezone.now(), why_not="the sun")
    second.save()

    run_now(waiting_for="the sun")

    ready = Job.objects.filter(run_at__lt=later)
    assert list(ready) == [first]
    assert run_due_jobs() == {"postponed": 1}
    assert Job.objects.get(pk=rain.pk).run_at == later


def test_a_handler_may_find_that_nothing_is_left_to_do(handler):
    def refuse():
        raise NothingToDo("It was done by hand.")

    handler(refuse)
    enqueue("test.topic", run_at=timezone.now())

    assert run_due_jobs() == {"done": 1}

    job = Job.objects.get()
    assert (job.status, job.attempts, job.last_error) == ("done", 1, "It was done by hand.")


def test_a_handler_that_asks_for_the_past_does_not_keep_the_run_from_ending(handler):
    def at_once(**payload):
        raise RunLater(from_now(seconds=-60), "Now, please.")

    handler(at_once)
    enqueue("test.topic", run_at=timezone.now())

    assert run_due_jobs() == {"postponed": 1}


def test_a_leased_job_is_left_to_its_worker_until_the_lease_ends(calls):
    enqueue("test.note", run_at=from_now(minutes=-10))
    [leased] = lease_due_jobs(now=timezone.now(), due_by=timezone.now(), limit=10)

    assert run_due_jobs() == {}

    Job.objects.filter(pk=leased.pk).update(leased_until=from_now(seconds=-1))
    assert run_due_jobs() == {"done": 1}


def test_a_job_that_waits_behind_a_slow_one_runs_once_whoever_takes_it_over(handler, calls):
    def outlast_the_leases(**payload):
        Job.objects.filter(topic="test.note").update(leased_until=from_now(seconds=-1))
        assert run_due_jobs() == {"done": 1}  # as another process does

    handler(outlast_the_leases)
    enqueue("test.topic", run_at=from_now(seconds=-2))
    enqueue("test.note", run_at=from_now(seconds=-1))

    assert run_due_jobs() == {"done": 1}

    assert len(calls) == 1


def test_each_of_the_jobs_that_are_leased_together_has_its_whole_lease_when_it_begins(handler):
    leases = []

    def look(number):
        leases.append(Job.objects.get(payload__number=number).leased_until)

    handler(look)
    for number in range(2):
        enqueue("test.topic", run_at=timezone.now(), number=number)

    assert run_due_jobs() == {"done": 2}

    assert leases[0] < leases[1]


def test_the_limit_is_kept(calls):
    for number in range(5):
        enqueue("test.note", run_at=timezone.now(), number=number)

    assert run_due_jobs(limit=2) == {"done": 2}
    assert len(calls) == 2


def test_the_limit_counts_mails_with_the_jobs_before_them(calls, mailoutbox):
    enqueue("test.note", run_at=timezone.now())
    for _ in range(3):
        queue_mail(EmailMessage("Off", "The event is off.", to=["lan@example.org"]))

    assert run_due_jobs(limit=2) == {"done": 2}

    assert (len(calls), len(mailoutbox)) == (1, 1)


def test_whose_time_is_up_leaves_the_rest_to_others_at_once(handler, calls):
    handler(lambda: threading.Event().wait(0.2))
    enqueue("test.topic", run_at=from_now(seconds=-2))
    enqueue("test.note", run_at=from_now(seconds=-1))

    assert run_due_jobs(seconds=0.1) == {"done": 1}

    left = Job.objects.get(topic="test.note")
    assert (left.status, left.attempts, left.leased_until) == ("pending", 0, None)
    assert run_due_jobs(seconds=60) == {"done": 1}
    assert len(calls) == 1


def test_the_oldest_job_comes_first(calls):
    enqueue("test.note", run_at=from_now(seconds=-1), number="second")
    enqueue("test.note", run_at=from_now(seconds=-9), number="first")

    run_due_jobs()

    assert [call["number"] for call in calls] == ["first", "second"]


def test_nothing_waits_for_a_heap_of_mails(calls, mailoutbox):
    for _ in range(MAILS_AT_ONCE + 1):
        queue_mail(EmailMessage("Off", "The event is off.", to=["lan@example.org"]))
    enqueue("test.note", run_at=timezone.now(), order_id=1)

    assert run_due_jobs(limit=1) == {"done": 1}
    assert calls == [{"order_id": 1}]
    assert mailoutbox == []

    assert run_due_jobs() == {"done": MAILS_AT_ONCE + 1}
    assert len(mailoutbox) == MAILS_AT_ONCE + 1


def test_no_more_mails_are_leased_together_than_a_silent_mail_server_leaves_time_for():
    for _ in range(MAILS_AT_ONCE + 1):
        queue_mail(EmailMessage("Off", "The event is off.", to=["lan@example.org"]))
    now = timezone.now()

    assert len(lease_due_jobs(now=now, due_by=now, limit=100)) == MAILS_AT_ONCE


def test_who_is_told_to_stop_begins_no_other_job_and_keeps_none(handler):
    stopping = threading.Event()
    handler(stopping.set)
    for _ in range(3):
        enqueue("test.topic", run_at=timezone.now())

    assert run_due_jobs(stopping=stopping) == {"done": 1}

    left = Job.objects.exclude(status="done").values_list("status", "leased_until", "attempts")
    assert list(left) == [("pending", None, 0)] * 2


def test_a_rolled_back_transaction_leaves_no_job(calls):
    with transaction.atomic():
        enqueue("test.note", run_at=timezone.now())
        transaction.set_rollback(True)

    assert run_due_jobs() == {}


def test_the_command_says_what_it_did(calls, capsys):
    enqueue("test.note", run_at=timezone.now())

    call_command("run_due_jobs")

    assert "Ran 1 jobs: 1 done." in capsys.readouterr().out


def test_the_command_fails_when_a_job_failed(handler):
    handler(fail)
    enqueue("test.topic", run_at=timezone.now())

    with pytest.raises(CommandError, match="Some jobs failed"):
        call_command("run_due_jobs")


def test_the_command_that_stays_ends_in_good_order_when_told_to(transactional_db):
    """A container's stop is a SIGTERM, which would otherwise kill it in the middle of a job."""
    server = connection.get_connection_params()
    url = f"postgres://{server['user']}@/{server['dbname']}?host={server['host']}"
    command = [sys.executable, "manage.py", "run_due_jobs", "--every", "60"]
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "Running what is due every 60 seconds.\n"
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=30) == 0


@pytest.fixture
def sweep():
    """One round after the other of the command that stays."""
    command = Command()
    command.overdue_by = timedelta(0)
    return lambda: command._survive_outages(10, threading.Event())


def test_the_command_that_stays_outlives_a_session_that_ended_between_two_queries(
    handler, calls, sweep, transactional_db, caplog
):
    def lose_the_session():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    handler(lose_the_session)
    enqueue("test.topic", run_at=from_now(seconds=-1))
    assert sweep() == 0
    assert "The database is away, trying again" in caplog.text
    enqueue("test.note", run_at=timezone.now())

    assert sweep() == 1

    assert len(calls) == 1


def test_the_command_that_stays_outlives_a_server_that_may_only_be_read(
    calls, sweep, transactional_db, caplog
):
    enqueue("test.note", run_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")  # as a former primary has it

    assert sweep() == 0
    assert "read-only" in caplog.text

    assert sweep() == 1
    assert len(calls) == 1


def test_a_transaction_wakes_the_relay_once_however_much_it_enqueues(calls, transactional_db):
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        for _ in range(3):
            enqueue("test.note", run_at=timezone.now())

    assert woken(captured) == 1


def test_what_is_rolled_back_takes_no_wish_of_others_along(calls, transactional_db):
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        with suppress(ZeroDivisionError), transaction.atomic():
            enqueue("test.note", run_at=timezone.now())
            fail()
        enqueue("test.note", run_at=timezone.now())

    assert woken(captured) == 1
    assert Job.objects.count() == 1


def woken(captured):
    # Django has no text for what is prepared by now: psycopg sends the name of the statement alone.
    return sum((query["sql"] or "").startswith("NOTIFY") for query in captured.captured_queries)


def test_the_command_that_stays_looks_anew_though_a_heap_of_slow_jobs_waits(
    handler, sweep, monkeypatch
):
    monkeypatch.setattr(run_due_jobs_command, "AT_ONCE_SECONDS", 0.1)
    handler(lambda: time.sleep(0.06))  # as a mail server that takes its time
    for _ in range(5):
        enqueue("test.topic", run_at=timezone.now())

    assert 0 < sweep() < 5
