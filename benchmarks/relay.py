"""From the outbox to QStash: what the relay does beside what the stand-in can take."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event

import httpx
import psutil

from benchmarks.data import House
from benchmarks.machine import Connection, Machine, wait_for_answer
from benchmarks.report import Line, Report
from jobs import qstash, relay
from sandbox import run

WAITING = 10_000

# Due tomorrow: they are published today and not delivered meanwhile.
WAITING_JOBS = """
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at)
SELECT 'jobs.prune', '{}', 'pending', now() + interval '1 day', 0, 0, '', '', now()
FROM generate_series(1, %s)
"""
FINISHED_JOBS = """
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at, finished_at)
SELECT 'jobs.prune', '{}', 'done', now() - n * interval '1 second', 1, 0, '', '', now(), now()
FROM generate_series(1, %s) AS n
"""


@dataclass(frozen=True)
class Relayed:
    """Messages per second, and megabytes that the relay's process grew by."""

    per_second: float
    floor: float
    per_second_in_full_table: float
    megabytes: float


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """The outbox's way to QStash, with little and with much behind it."""
    run.say(f"The relay: {WAITING:,} jobs, then again with {options.finished:,} finished ones …")
    found = measure(running, running.environment, finished=options.finished)
    report.lines += [
        Line("relay: jobs published", found.per_second, "/s", found.floor),
        Line("relay: the same in a full table", found.per_second_in_full_table, "/s", found.floor),
        Line("relay: memory it grew by", found.megabytes, "MB"),
    ]
    report.notes.append("The relay's floor is the stand-in's own rate for the same batches.")


@contextmanager
def stand_in(environment: dict[str, str]) -> Iterator[None]:
    """QStash on loopback, until the end of the block."""
    process = run.start(run.servers(environment)[0], environment)
    try:
        wait_for_answer(f"{environment['QSTASH_URL']}/control/health", psutil.Process(process.pid))
        yield
    finally:
        run.stop([process])


def measure(running: Machine, environment: dict[str, str], *, finished: int) -> Relayed:
    """Publish the same number of jobs with an empty history and with `finished` jobs in it."""
    with stand_in(environment), running.connect() as connection:
        # What other chapters have left would be published among those that are counted.
        connection.execute("UPDATE jobs_job SET status = 'published' WHERE status = 'pending'")
        floor = _batches_per_second(environment) * relay.BATCH
        before = psutil.Process().memory_info().rss
        first = _publish(connection)
        grown = psutil.Process().memory_info().rss - before
        connection.execute(FINISHED_JOBS, [finished])
        connection.execute("VACUUM ANALYZE jobs_job")
        second = _publish(connection)
    return Relayed(first, floor, second, grown / 1e6)


def _publish(connection: Connection) -> float:
    connection.execute(WAITING_JOBS, [WAITING])
    connection.execute("ANALYZE jobs_job")
    started = time.perf_counter()
    published = relay.publish_all(Event())
    return published.taken / (time.perf_counter() - started)


def _batches_per_second(environment: dict[str, str]) -> float:
    """The stand-in's own rate, for the very requests that the relay makes, as many at a time."""
    headers = {"Authorization": f"Bearer {environment['QSTASH_TOKEN']}"}
    due = int(time.time()) + 86_400
    batches = [
        [_message(number, due) for number in range(first, first + relay.BATCH)]
        for first in range(0, WAITING, relay.BATCH)
    ]
    with (
        httpx.Client(headers=headers, trust_env=False, timeout=30) as client,
        ThreadPoolExecutor(relay.LINES) as lines,
    ):
        started = time.perf_counter()
        for answer in lines.map(partial(_post_batch, client, environment), batches):
            answer.raise_for_status()
        return len(batches) / (time.perf_counter() - started)


def _post_batch(
    client: httpx.Client, environment: dict[str, str], batch: list[dict[str, object]]
) -> httpx.Response:
    return client.post(f"{environment['QSTASH_URL']}/v2/batch", json=batch)


def _message(number: int, due: int) -> dict[str, object]:
    return {
        "destination": qstash.destination(),
        "body": json.dumps({"job": number, "generation": 0}),
        "headers": {
            "Content-Type": "application/json",
            "Upstash-Method": "POST",
            "Upstash-Retries": str(qstash.RETRIES),
            "Upstash-Retry-Delay": qstash.RETRY_DELAY,
            "Upstash-Timeout": qstash.TIMEOUT,
            "Upstash-Not-Before": str(due),
            "Upstash-Deduplication-Id": f"floor-{number}",
            "Upstash-Label": "jobs-prune",
            "Upstash-Flow-Control-Key": "work",
            "Upstash-Flow-Control-Value": "parallelism=4",
        },
    }
