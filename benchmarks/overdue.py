"""Overdue orders that nobody tried to pay: how fast they end, and what buyers feel of it."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass

import psutil
from django.db import connection

from benchmarks import load, orders, overdue_floor
from benchmarks.data import PRICE, Connection, House, settle
from benchmarks.machine import Machine
from benchmarks.report import Line, Report
from payments.services import settle_overdue_orders
from sandbox.run import say

PLACES = """
WITH area AS (
    INSERT INTO ticketing_area (showing_id, name, price, is_general_admission)
    VALUES (%(showing)s, 'Overdue ' || gen_random_uuid(), %(price)s, true) RETURNING id, showing_id
), seat_row AS (
    INSERT INTO ticketing_row (area_id, label) SELECT id, 'GA' FROM area RETURNING id, area_id
)
INSERT INTO ticketing_seat (showing_id, area_id, row_id, number, status)
SELECT area.showing_id, area.id, seat_row.id, n, 'held'
FROM area, seat_row, generate_series(1, 2 * %(orders)s) AS n
RETURNING area_id
"""

ORDERS = """
INSERT INTO orders_order (code, customer_id, event_id, showing_id, email, total_amount,
    refunded_amount, currency, status, created_at, expires_at, request_digest)
SELECT translate(upper(left(md5(%(area)s::text || '/' || n), 12)), '01', 'YZ'), %(customer)s,
    showing.event_id, showing.id, 'late@example.org', 2 * %(price)s, 0, 'VND', 'pending_payment',
    now() - interval '16 minutes', now() - interval '1 minute' - n * interval '1 millisecond', ''
FROM ticketing_showing showing, generate_series(1, %(orders)s) AS n
WHERE showing.id = %(showing)s
"""

HOLDS = """
INSERT INTO orders_seathold (order_id, seat_id, showing_id, event_id, price, expires_at, status)
SELECT placed.id, seat.id, placed.showing_id, placed.event_id, %(price)s, placed.expires_at,
    'active'
FROM ticketing_seat seat JOIN orders_order placed
    ON placed.code = translate(
        upper(left(md5(%(area)s::text || '/' || ((seat.number::int + 1) / 2)), 12)), '01', 'YZ')
WHERE seat.area_id = %(area)s
"""

WORKED = "SELECT active_time / 1000 FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True)
class Ended:
    """Orders ended in a second, by the clock and by the time PostgreSQL worked on them."""

    per_second: float
    per_database_second: float
    megabytes: float


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """Ending what nobody tried to pay, alone and beside buyers, who are measured without it too."""
    count, clients, seconds = options.overdue, options.clients, options.seconds // 2
    say(f"The sweep: {count:,} overdue orders, then again beside buyers …")
    ended, tokens = measure(running, house, count=count), orders.tokens_of(house)
    floor = measure_floor(running, house, count=count)
    calm = orders.measure(
        running, house, tokens, clients=clients, warm_up=orders.WARM_UP, seconds=seconds
    )
    busy, is_whole = measure_beside_buyers(
        running, house, tokens, count=count, clients=clients, seconds=seconds
    )
    slow = busy.percentile(99)
    report.lines += [
        Line("overdue: orders ended", ended.per_second, "/s"),
        Line(
            "overdue: orders ended, database's time alone", ended.per_database_second, "/s", floor
        ),
        Line("overdue: memory it grew by", ended.megabytes, "MB"),
        Line("overdue: 99 of 100 buyers beside it within", slow, "ms", calm.percentile(99)),
    ]
    report.notes += [
        "The floor of overdue orders writes the same rows with one statement for each thousand.",
        "The floor of buyers beside the sweep is the same buyers without it.",
    ]
    if not is_whole:
        report.notes.append("The sweep came to its end before the buyers beside it did.")


def measure(machine: Machine, house: House, *, count: int) -> Ended:
    """End so many orders in this process."""
    fill(machine, house, count)
    worked = _database_seconds()
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    sweep = settle_overdue_orders(limit=count)
    seconds = time.perf_counter() - started
    grown = psutil.Process().memory_info().rss - before
    worked = _database_seconds() - worked
    connection.close()
    if sweep.settled != count:
        raise RuntimeError(f"The sweep settled {sweep.settled} of {count} orders.")
    return Ended(count / seconds, count / worked, grown / 1e6)


def measure_floor(machine: Machine, house: House, *, count: int) -> float:
    """How many orders a second of the database's time ends, of so many, at best."""
    fill(machine, house, count)
    worked = _database_seconds()
    with machine.connect() as floor:
        ended = overdue_floor.end_all(floor)
    worked = _database_seconds() - worked
    connection.close()
    if ended != count:
        raise RuntimeError(f"The floor ended {ended} of {count} orders.")
    return count / worked


def measure_beside_buyers(
    machine: Machine, house: House, tokens: list[str], *, count: int, clients: int, seconds: int
) -> tuple[load.Load, bool]:
    """Place orders while another process ends so many, and whether it did so all the time."""
    fill(machine, house, count)
    command = [sys.executable, "manage.py", "settle_orders", "--limit", str(count)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as sweep:
        placed = orders.measure(
            machine, house, tokens, clients=clients, warm_up=orders.WARM_UP, seconds=seconds
        )
        is_whole = sweep.poll() is None
        if sweep.wait():
            raise RuntimeError("The sweep failed; its message is above.")
    return placed, is_whole


def fill(machine: Machine, house: House, count: int) -> None:
    """Overdue orders for two places each, in an area of their own."""
    with machine.connect() as connection:
        with connection.transaction():
            _fill(connection, house, count)
        settle(connection)


def _fill(connection: Connection, house: House, count: int) -> None:
    connection.execute("SET LOCAL session_replication_role = replica")
    values = {
        "showing": house.showing,
        "customer": house.first_customer,
        "price": PRICE,
        "orders": count,
    }
    (area,) = connection.execute(PLACES, values).fetchone() or (0,)
    values["area"] = area
    connection.execute(ORDERS, values)
    connection.execute(HOLDS, values)


def _database_seconds() -> float:
    """How long PostgreSQL has been at work on the statements of all that use the database."""
    with connection.cursor() as cursor:
        # By itself a session tells what it has done at most once a second.
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(WORKED)
        (seconds,) = cursor.fetchone()
    return float(seconds)
