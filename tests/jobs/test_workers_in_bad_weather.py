"""What runs for months outlives the database and QStash: nobody starts it again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from jobs.models import Job
from jobs.outbox import enqueue
from tests.sandbox.endpoint import Answer, Endpoint
from tests.sandbox_process import wait_until
from ticketing.connections import close_all_connections

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED = b'[{"messageId": "msg_1", "url": "", "deduplicated": false}]'


@pytest.fixture(autouse=True)
def _database(transactional_db):
    """Another process sees only what is committed."""


@contextmanager
def at_work(*command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A command of ours, which waits no longer than a second for the database."""
    where = connection.get_connection_params()
    given = {
        **os.environ,
        "DATABASE_URL": f"postgres://{where['user']}@/{where['dbname']}?host={where['host']}",
        "DATABASE_WAIT_SECONDS": "1",
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def database_away() -> Iterator[None]:
    """Nobody has a session in our database, and nobody gets one."""
    where = connection.get_connection_params()
    name = where["dbname"]
    close_all_connections()
    with psycopg.connect(
        host=where["host"], user=where["user"], dbname="postgres", autocommit=True
    ) as keeper:
        keeper.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            keeper.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )
            yield
        finally:
            keeper.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def hear(lines, word):
    """Wait for a line with this word; at the end of the process there is none."""
    for line in lines:
        if word in line:
            return
    raise AssertionError(f"It has ended without a word of “{word}”.")


def state_of(job):
    return Job.objects.get(pk=job.pk).status


def test_the_sweep_goes_on_once_the_database_is_back():
    with at_work("run_due_jobs", "--every", "0.1") as sweep:
        hear(sweep.stdout, "Running what is due")
        with database_away():
            hear(sweep.stderr, "The database is away")
        job = enqueue("ticketing.clear_up", run_at=timezone.now())

        wait_until(lambda: state_of(job) == "done", seconds=30, what="the sweep to go on")
        sweep.send_signal(signal.SIGTERM)
        assert sweep.wait(timeout=30) == 0


@pytest.fixture
def qstash():
    """It takes nothing at first."""
    endpoint = Endpoint("", usual=Answer(500, body=b'{"error": "out of order"}'))
    yield endpoint
    endpoint.close()


def test_the_relay_goes_on_once_database_and_queue_are_back(qstash):
    settings = {"QSTASH_URL": qstash.url, "QSTASH_TOKEN": "a-token-that-only-tests-know"}
    with at_work("publish_jobs", "--poll", "0.2", **settings) as relay:
        hear(relay.stdout, "Publishing jobs to")
        with database_away():
            hear(relay.stderr, "Trying again soon")
        job = enqueue("ticketing.clear_up", run_at=timezone.now())
        hear(relay.stderr, "out of order")
        assert state_of(job) == "pending"

        qstash.answer = Answer(201, body=ACCEPTED)

        wait_until(lambda: state_of(job) == "published", seconds=60, what="the relay to go on")
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(timeout=30) == 0
