"""`POST /internal/jobs/`: who is believed, what is run, and what QStash is told."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid

import jwt
import pytest
from django.core.management import call_command
from django.utils import timezone

from jobs import outbox, schedules
from jobs.models import Job
from jobs.outbox import GiveUp, RunLater, enqueue
from jobs.services import CUT_OFF, MAX_ATTEMPTS
from tests.factories import from_now

URL = "/internal/jobs/"
CURRENT, NEXT = "sig_current_key_of_the_tests_0001", "sig_next_key_of_the_tests_00000002"


@pytest.fixture(autouse=True)
def _keys(settings):
    settings.QSTASH_CURRENT_SIGNING_KEY, settings.QSTASH_NEXT_SIGNING_KEY = CURRENT, NEXT


def signature_of(body, settings, /, *, key=CURRENT, **changes):
    """As qstash.md section 3 spells it out."""
    now = int(time.time())
    claims = {
        "iss": "Upstash",
        "sub": f"{settings.PUBLIC_URL}{URL}",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "jti": uuid.uuid4().hex,
        "body": base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode(),
        **changes,
    }
    return jwt.encode(claims, key, algorithm="HS256")


@pytest.fixture
def deliver(client, settings):
    """Post a message as QStash does."""

    def post(message, *, signature=None, **changes):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        signed = signature_of(body, settings, **changes) if signature is None else signature
        headers = {"Upstash-Signature": signed} if signed else {}
        return client.post(URL, body, content_type="application/json", headers=headers)

    return post


def wake(job):
    return {"job": job.pk, "generation": job.generation}


def test_a_genuine_message_runs_its_job_once(deliver, calls):
    job = enqueue("test.note", run_at=timezone.now(), order_id=7)

    first, second = deliver(wake(job)), deliver(wake(job))

    assert (first.status_code, first.json()) == (200, {"status": "done"})
    assert (second.status_code, second.json()) == (200, {"status": "stale"})
    assert calls == [{"order_id": 7}]
    assert Job.objects.get().status == "done"


def test_the_next_key_is_good_as_well(deliver, calls):
    job = enqueue("test.note", run_at=timezone.now())

    assert deliver(wake(job), key=NEXT).status_code == 200
    assert len(calls) == 1


FORGERIES = {
    "another key": {"key": "sig_somebody_elses_key_000000000001"},
    "another address": {"sub": "http://127.0.0.1:8000/elsewhere/"},
    "another issuer": {"iss": "Somebody"},
    "expired": {"exp": int(time.time()) - 400},
    "of the future": {"nbf": int(time.time()) + 4000},
    "another body": {"body": "bm90IHRoaXMgb25l"},
    "no signature": {"signature": ""},
    "nonsense": {"signature": "nonsense"},
    "unsigned": {"signature": jwt.encode({"iss": "Upstash"}, None, algorithm="none")},
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_message_runs_nothing_and_learns_nothing(deliver, calls, forgery):
    job = enqueue("test.note", run_at=timezone.now())

    answer = deliver(wake(job), **forgery)

    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert calls == []
    assert Job.objects.get().attempts == 0


def test_a_captured_message_is_harmless_when_replayed(deliver, calls, settings):
    job = enqueue("test.note", run_at=timezone.now())
    body = json.dumps(wake(job)).encode()
    captured = signature_of(body, settings)

    answers = [deliver(body, signature=captured) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(calls) == 1


@pytest.mark.parametrize("key", ["QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"])
def test_without_keys_nobody_is_believed(deliver, calls, settings, key):
    setattr(settings, key, "")
    job = enqueue("test.note", run_at=timezone.now())

    assert deliver(wake(job)).status_code == 401
    assert deliver(wake(job), key="x" * 32).status_code == 401
    assert calls == []


def test_the_signature_is_checked_before_the_database_is_asked(deliver, django_assert_num_queries):
    with django_assert_num_queries(0):
        deliver({"job": 1, "generation": 0}, signature="nonsense")


@pytest.mark.parametrize(
    "message",
    [
        b"{",
        b"[]",
        b"null",
        {},
        {"job": 1},
        {"job": "x", "generation": 0},
        {"job": 999_999, "generation": 0},
        {"schedule": "no.such.schedule"},
        {"job": {"id": 1}, "generation": 0},
    ],
)
def test_a_genuine_message_without_sense_is_never_sent_again(deliver, message):
    answer = deliver(message)

    assert answer.status_code == 489
    assert answer.headers["Upstash-NonRetryable-Error"] == "true"


def test_a_body_that_is_too_long_is_not_even_read(deliver):
    assert deliver(b"x" * 5000).status_code == 401


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_only_posts_are_taken(client, method):
    assert getattr(client, method)(URL).status_code == 405


def test_a_message_of_an_old_generation_is_stale(deliver, handler):
    later = from_now(minutes=5)

    def not_yet(**payload):
        raise RunLater(later, "too early")

    handler(not_yet)
    job = enqueue("test.topic", run_at=timezone.now())
    assert deliver(wake(job)).json() == {"status": "postponed"}

    assert deliver(wake(job)).json() == {"status": "stale"}

    job = Job.objects.get()
    assert (job.status, job.generation, job.run_at) == ("pending", 1, later)


def test_an_early_message_is_told_when_to_come_back(deliver, calls):
    job = enqueue("test.note", run_at=from_now(seconds=90))

    answer = deliver(wake(job))

    assert answer.status_code == 503
    assert 80 <= int(answer.headers["Retry-After"]) <= 90
    assert calls == []


def test_a_job_at_work_elsewhere_is_left_alone(deliver, calls):
    job = enqueue("test.note", run_at=timezone.now())
    Job.objects.update(leased_until=from_now(seconds=200))

    answer = deliver(wake(job))

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 190
    assert calls == []


def test_a_lease_that_ran_out_belongs_to_a_crashed_worker(deliver, calls):
    job = enqueue("test.note", run_at=timezone.now())
    Job.objects.update(leased_until=from_now(seconds=-1))

    assert deliver(wake(job)).status_code == 200
    assert len(calls) == 1


def test_a_failure_is_tried_again_by_a_new_generation(deliver, handler):
    def fail(**payload):
        raise ZeroDivisionError("no luck")

    handler(fail)
    job = enqueue("test.topic", run_at=timezone.now())

    answer = deliver(wake(job))

    assert (answer.status_code, answer.json()) == (200, {"status": "failed"})
    job = Job.objects.get()
    assert (job.status, job.generation) == ("pending", 1)
    assert job.last_error == "ZeroDivisionError: no luck"
    assert job.run_at > timezone.now()
    assert "luck" not in answer.content.decode()


def test_what_can_never_succeed_is_dead_at_once(deliver, handler):
    def refuse(**payload):
        raise GiveUp("This address does not exist.")

    handler(refuse)
    job = enqueue("test.topic", run_at=timezone.now())

    answer = deliver(wake(job))

    assert answer.status_code == 489
    job = Job.objects.get()
    assert (job.status, job.last_error) == ("dead", "This address does not exist.")
    assert deliver(wake(job)).status_code == 489
    assert Job.objects.get().attempts == 1  # it was not begun again


def test_the_last_failure_is_dead_too(deliver, handler):
    def fail(**payload):
        raise ZeroDivisionError

    handler(fail)
    job = enqueue("test.topic", run_at=timezone.now())
    Job.objects.update(attempts=MAX_ATTEMPTS - 1)

    assert deliver(wake(job)).status_code == 489
    assert Job.objects.get().status == "dead"


def test_a_job_that_killed_its_worker_at_every_attempt_is_dead_and_not_begun_again(deliver, calls):
    job = enqueue("test.note", run_at=timezone.now())
    Job.objects.update(attempts=MAX_ATTEMPTS, leased_until=from_now(seconds=-1))

    answer = deliver(wake(job))

    assert answer.status_code == 489
    job = Job.objects.get()
    assert (job.status, job.attempts, job.last_error) == ("dead", MAX_ATTEMPTS, CUT_OFF)
    assert calls == []


def test_a_schedule_makes_its_job_due_and_not_a_second_one(deliver, monkeypatch):
    monkeypatch.setitem(outbox._handlers, "test.nightly", lambda: None)
    monkeypatch.setitem(
        schedules._declared, "test.nightly", schedules.Schedule("test.nightly", "0 3 * * *")
    )

    answers = [deliver({"schedule": "test.nightly"}) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {200}
    assert Job.objects.filter(topic="test.nightly", status="pending").count() == 1


def test_the_sweep_fires_nothing_that_qstash_has_fired(deliver, calls, settings, monkeypatch):
    nightly = {"test.note": schedules.Schedule("test.note", "17 3 * * *")}
    monkeypatch.setattr(schedules, "_declared", nightly)
    settings.QSTASH_TOKEN = "a-token"
    deliver({"schedule": "test.note"})

    for _ in range(2):
        call_command("run_due_jobs")

    assert calls == [{}]
    assert Job.objects.count() == 1
    deliver({"schedule": "test.note"})  # the same call once more
    assert Job.objects.unfinished().count() == 0


def test_a_sweep_whose_own_message_was_lost_does_not_end_all_sweeping(deliver, calls):
    lost = enqueue("test.note", run_at=timezone.now())
    deliver({"schedule": "jobs.sweep"})
    Job.objects.update(status="published", run_at=from_now(minutes=-25), key=None)

    for _ in range(2):
        deliver({"schedule": "jobs.sweep"})

    sweep = Job.objects.get(topic="jobs.sweep", status="pending")
    assert deliver(wake(sweep)).json() == {"status": "done"}
    assert calls == [lost.payload]
    assert not Job.objects.unfinished().filter(topic__in=["jobs.sweep", "test.note"]).exists()


def test_a_schedule_waits_for_its_job_that_is_at_work_for_long(deliver):
    deliver({"schedule": "jobs.sweep"})
    Job.objects.update(run_at=from_now(minutes=-25), leased_until=from_now(minutes=1), key=None)

    deliver({"schedule": "jobs.sweep"})

    assert Job.objects.get().topic == "jobs.sweep"


def test_neither_body_nor_signature_reach_the_log(deliver, calls, settings, caplog):
    job = enqueue("test.note", run_at=timezone.now())
    body = json.dumps({**wake(job), "note": "very-private"}).encode()

    deliver(body, signature=signature_of(body, settings))
    deliver(body, signature="eyJmb3JnZWQ")

    assert "very-private" not in caplog.text
    assert "eyJmb3JnZWQ" not in caplog.text
