"""Races need committed rows and real connections: nothing here is rolled back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from jobs.prepared import fetch_all
from tests.our_vnpay import running_stand_in
from tests.sandbox_process import SandboxProcess, wait_until
from ticketing.errors import DomainError

Result = TypeVar("Result")

NOBODY_WAITS_LONGER = 10  # seconds, for somebody who does not come

WRITES_OR_LOCKS = re.compile(r"\b(INSERT INTO|DELETE FROM|UPDATE .* SET|FOR (NO KEY )?UPDATE)\b")

WAITS_FOR_US = """
SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""


@pytest.fixture(autouse=True)
def _database(transactional_db: None) -> None:
    """Threads see only what is committed."""


@pytest.fixture(scope="module")
def stand_in() -> Iterator[SandboxProcess]:
    """VNPay's."""
    with running_stand_in() as process:
        yield process


@pytest.fixture
def take_away(monkeypatch):
    """Take locks away; two callers meet before they write, so that both have read before."""
    both_have_read = Barrier(2)

    def meet(execute, sql, params, many, context):
        if WRITES_OR_LOCKS.search(sql) and meet in context["connection"].execute_wrappers:
            context["connection"].execute_wrappers.remove(meet)
            both_have_read.wait(timeout=NOBODY_WAITS_LONGER)
        return execute(sql, params, many, context)

    def meet_there(connection, **_):
        connection.execute_wrappers.append(meet)

    def take(*querysets):
        for rows in querysets:
            monkeypatch.setattr(rows, "get_for_update", _one)
            monkeypatch.setattr(rows, "lock", _some)
        connection_created.connect(meet_there)

    yield take
    connection_created.disconnect(meet_there)


@pytest.fixture
def without_rule():
    """Drop unique rules; they are back afterwards, and all that broke them is gone."""
    made = []

    def drop(*names):
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [name])
                made.append(cursor.fetchone()[0])
                cursor.execute(f"DROP INDEX {name}")

    yield drop
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orders_order CASCADE")
        for definition in made:
            cursor.execute(definition)


def _one(rows, pk):
    return rows.get(pk=pk)


def _some(rows):
    return list(rows.order_by("pk"))


def outcome_of(action: Callable[[], object]) -> str:
    """`done`, the code of the refusal, or the name of the bug."""
    try:
        action()
    except DomainError as refusal:
        return refusal.code
    except Exception as bug:
        return type(bug).__name__
    finally:
        connection.close()
    return "done"


def run_together(actions: Iterable[Callable[[], object]], *, at_once: int = 50) -> Counter[str]:
    """Run all actions in `at_once` threads that start at the same moment; count the outcomes."""
    actions = list(actions)
    threads = min(at_once, len(actions))
    start = Barrier(threads)
    with ThreadPoolExecutor(threads, initializer=start.wait) as pool:
        return Counter(pool.map(outcome_of, actions))


def closing(action: Callable[[], Result]) -> Callable[[], Result]:
    """For threads of one's own, whose connections nobody else closes."""

    def act() -> Result:
        try:
            return action()
        finally:
            connection.close()

    return act


def wait_until_somebody_waits() -> None:
    """Until another thread wants a lock that this one's transaction has."""
    wait_until(
        lambda: bool(fetch_all(WAITS_FOR_US, {})), seconds=20, what="somebody to wait for our lock"
    )
