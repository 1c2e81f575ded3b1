"""Orders for two standing places, through HTTP, by many customers at once."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import load
from benchmarks.data import House
from benchmarks.machine import Machine
from benchmarks.tokens import mint_tokens

PATH = "/api/v1/orders/"
FRONT_SEATS = """
SELECT id FROM ticketing_seat WHERE showing_id = %s AND status = 'available'
ORDER BY row_id, abs(number::int - 100) LIMIT 2
"""


@dataclass(frozen=True)
class Statements:
    """What one order asks of the database: the SQL, and begin or commit apart."""

    sql: list[str]
    control: list[str]


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


def measure_refusals(
    machine: Machine, house: House, tokens: list[str], *, clients: int, seconds: int
) -> load.Load:
    """Have everybody want the same two seats in the middle of the front row."""
    with machine.connect() as connection:
        seats = connection.execute(FRONT_SEATS, [house.stadium]).fetchall()
    asked = {"showing": house.stadium, "seats": [pk for (pk,) in seats]}
    return load.run(
        machine.port,
        make=order_requests(json.dumps(asked).encode(), tokens),
        clients=clients,
        warm_up=1.0,
        seconds=seconds,
        watch=machine.cpu,
    )


def order_requests(body: bytes, tokens: list[str]) -> Callable[[], bytes]:
    """The customers take turns, so that none meets herself and none is throttled."""
    turns = itertools.cycle(tokens)

    def make() -> bytes:
        headers = {"Authorization": f"Bearer {next(turns)}", "Idempotency-Key": str(uuid.uuid4())}
        return load.request_bytes("POST", PATH, headers, body)

    return make


def wish(house: House) -> bytes:
    asked = {"showing": house.showing, "area": house.order_field, "quantity": 2}
    return json.dumps(asked).encode()


def tokens_of(house: House) -> list[str]:
    """An access token for each customer. Django must be set up."""
    from django.contrib.auth.models import User

    return mint_tokens(User.objects.filter(pk__range=(house.first_customer, house.last_customer)))


def count_statements(house: House, token: str) -> Statements:
    """Place two orders inside this process and list the SQL of the second. Django must be set up.

    BEGIN and COMMIT travel too; they are listed apart.
    """
    from django.db import connection
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {token}"})
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
    """What `ask` gives, and what it asked the database meanwhile. Django must be set up."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = ask()
    sql = [str(query["sql"]) for query in queries.captured_queries]
    control = [text for text in sql if text in ("BEGIN", "COMMIT")]
    return answer, Statements(sql=[text for text in sql if text not in control], control=control)
