"""Orders for two standing places, through HTTP, by many customers at once."""

from __future__ import annotations

import argparse
import itertools
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import floor, load
from benchmarks.data import House
from benchmarks.machine import Machine
from benchmarks.report import Line, Report
from benchmarks.tokens import mint_tokens
from sandbox.run import say

PATH = "/api/v1/orders/"
WARM_UP = 3.0


@dataclass(frozen=True)
class Statements:
    """What one order asks of the database: the SQL, and begin or commit apart."""

    sql: list[str]
    control: list[str]


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """Orders between two halves of their floor."""
    tokens = tokens_of(house)
    statements = count_statements(house, tokens[0])
    clients, seconds = options.clients, options.seconds
    say(f"The floor of orders, first half: pgbench, {clients} clients …")
    # Around what is measured, so that a machine that grows slower meanwhile is so for both.
    first = floor.measure(running, house, clients=clients, seconds=seconds // 2)
    say(f"Orders through HTTP: {clients} clients, {seconds} s …")
    running.checkpoint()
    placed = measure(running, house, tokens, clients=clients, warm_up=WARM_UP, seconds=seconds)
    say("The floor of orders, second half …")
    running.checkpoint()
    second = floor.measure(running, house, clients=clients, seconds=seconds // 2)
    _tell(report, placed, floor.both(first, second), statements)


def measure(
    machine: Machine, house: House, tokens: list[str], *, clients: int, warm_up: float, seconds: int
) -> load.Load:
    """Place as many orders as `clients` connections can; each order has a key of its own."""
    return load.run(
        machine.port,
        make=order_requests(wish(house), tokens),
        clients=clients,
        warm_up=warm_up,
        seconds=seconds,
        watch=machine.cpu,
    )


def order_requests(body: bytes, tokens: list[str]) -> Callable[[], bytes]:
    """The customers take turns, so that none meets herself and none is throttled."""
    turns = itertools.cycle(tokens)
    return lambda: order_request(body, next(turns))


def order_request(body: bytes, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    return load.request_bytes("POST", PATH, headers, body)


def wish(house: House) -> bytes:
    asked = {"showing": house.showing, "area": house.order_field, "quantity": 2}
    return json.dumps(asked).encode()


def tokens_of(house: House) -> list[str]:
    """An access token for each customer."""
    return mint_tokens(User.objects.filter(pk__range=(house.first_customer, house.last_customer)))


def count_statements(house: House, token: str) -> Statements:
    """Place two orders inside this process and list the SQL of the second.

    BEGIN and COMMIT travel too; they are listed apart.
    """
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {token}"})
    # The first one also reads what this process keeps from then on, such as content types.
    for _ in range(2):
        answer, statements = captured(
            lambda: client.post(
                PATH,
                wish(house),
                content_type="application/json",
                headers={"idempotency-key": f"{time.time_ns()}"},
            )
        )
        if answer.status_code != 201:
            raise RuntimeError(f"An order was refused: {answer.content!r}")
    connection.close()
    return statements


def captured(ask: Callable[[], Any]) -> tuple[Any, Statements]:
    """What `ask` gives, and what it asked the database meanwhile."""
    with CaptureQueriesContext(connection) as queries:
        answer = ask()
    sql = [str(query["sql"]) for query in queries.captured_queries]
    control = [text for text in sql if text in ("BEGIN", "COMMIT")]
    return answer, Statements(sql=[text for text in sql if text not in control], control=control)


def _tell(report: Report, placed: load.Load, lowest: floor.Floor, statements: Statements) -> None:
    count = max(placed.statuses[201], 1)
    report.lines += [
        Line("orders: rate", placed.rate(201), "/s", lowest.per_second),
        Line("orders: median time", placed.percentile(50), "ms", lowest.milliseconds),
        Line("orders: 95 of 100 within", placed.percentile(95), "ms"),
        Line("orders: 99 of 100 within", placed.percentile(99), "ms"),
        Line("orders: SQL statements each", len(statements.sql), "", 1),
        Line("orders: CPU of web workers, each", placed.cpu["web"] / count * 1000, "ms"),
        Line(
            "orders: CPU of PostgreSQL, each",
            placed.cpu["postgres"] / count * 1000,
            "ms",
            lowest.postgres_cpu / lowest.orders * 1000,
        ),
    ]
    load_share = placed.cpu["load"] / placed.seconds
    report.notes += [
        f"Orders placed: {placed.statuses[201]:,}.",
        f"The load generator used {load_share:.0%} of one CPU.",
        f"Besides {len(statements.sql)} SQL statements: {', '.join(statements.control)}.",
        "The floor of times is pgbench's average; fsync and synchronous_commit are on.",
    ]
    report.check_answers("orders", placed.errors(201))
    report.details |= {"statements": statements.sql, "cpu_seconds": dict(placed.cpu)}
