"""The floor of orders: the same rows, written by one statement, as fast as PostgreSQL can.

pgbench knows no HTTP, no tokens, no limits and no idempotency; what is left is what a purchase
costs the database at least, with the same locks, triggers, foreign keys and durability.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import Connection, House
from benchmarks.machine import DATABASE, Machine
from ticketing.embedded_postgres import server

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
THREADS = 2

# Its end is one statement more, which `placed` names the order to.
HELD = """
WITH free AS (
    SELECT id FROM ticketing_seat WHERE area_id = :area AND status = 'available'
    ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE ticketing_seat seat SET status = 'held' FROM free WHERE seat.id = free.id
    RETURNING seat.id
), placed AS (
    INSERT INTO orders_order (code, customer_id, event_id, showing_id, email, language,
        total_amount, refunded_amount, currency, status, created_at, expires_at, idempotency_key,
        request_digest)
    SELECT translate(upper(substr(md5(random()::text), 1, 12)), '01', 'YZ'), buyer.id,
        showing.event_id, showing.id, buyer.email, 'en', 2 * area.price, 0, 'VND',
        'pending_payment', now(), now() + interval '15 minutes', gen_random_uuid(),
        md5('a') || md5('b')
    FROM auth_user buyer,
        ticketing_area area JOIN ticketing_showing showing ON showing.id = area.showing_id
    WHERE buyer.id = :customer AND area.id = :area
    RETURNING id, showing_id, event_id, total_amount / 2 AS price, expires_at
), kept AS (
    INSERT INTO orders_seathold
        (order_id, seat_id, showing_id, event_id, price, expires_at, status)
    SELECT placed.id, taken.id, placed.showing_id, placed.event_id, placed.price,
        placed.expires_at, 'active'
    FROM placed, taken
)
"""
JOBS = """
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at)
SELECT job.topic, jsonb_build_object('order_id', id), 'pending', job.run_at, 0, 0, '', '', now()
FROM placed, LATERAL (
    VALUES ('orders.expiry_due', placed.expires_at), ('orders.placed', now())
) AS job (topic, run_at)
"""
PURCHASE = HELD + JOBS

LEFT = "SELECT count(*) FROM ticketing_seat WHERE area_id = %s AND status = 'available'"


@dataclass(frozen=True)
class Floor:
    """What pgbench said, and the CPU seconds PostgreSQL spent meanwhile."""

    orders: int
    per_second: float
    milliseconds: float
    postgres_cpu: float


def check_durable(connection: Connection) -> None:
    """Raise RuntimeError if the server may lose what it confirmed, which would be no floor."""
    for setting in DURABLE:
        row = connection.execute(f"SHOW {setting}".encode()).fetchone()
        if row != ("on",):
            raise RuntimeError(f"{setting} is {row}: figures of such a server say nothing.")


def measure(
    machine: Machine, house: House, *, clients: int, seconds: int, script: str = f"{PURCHASE};"
) -> Floor:
    """Let pgbench buy two places at a time; raises RuntimeError unless every purchase got them."""
    with machine.connect() as connection:
        check_durable(connection)
        left = _left(connection, house)
        before = machine.cpu()["postgres"]
        floor = _parse(_pgbench(machine, house, script, clients, seconds))
        spent = machine.cpu()["postgres"] - before
        if left - _left(connection, house) != 2 * floor.orders:
            raise RuntimeError("The floor ran out of places: shorten --seconds.")
    return Floor(floor.orders, floor.per_second, floor.milliseconds, spent)


def both(first: Floor, second: Floor) -> Floor:
    """Two runs of equal length as one."""
    return Floor(
        first.orders + second.orders,
        (first.per_second + second.per_second) / 2,
        (first.milliseconds + second.milliseconds) / 2,
        first.postgres_cpu + second.postgres_cpu,
    )


def _left(connection: Connection, house: House) -> int:
    row = connection.execute(LEFT, [house.floor_field]).fetchone()
    return int(row[0]) if row else 0


def _pgbench(machine: Machine, house: House, script: str, clients: int, seconds: int) -> str:
    customers = f"\\set customer random({house.first_customer}, {house.last_customer})\n"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "purchase.sql"
        file.write_text(customers + script)
        command = [
            # Prepared, as the product's own statements are; not vacuumed (-n) before.
            *(str(server.program("pgbench")), "-n", "-M", "prepared"),
            *("-c", str(clients), "-j", str(THREADS), "-T", str(seconds)),
            *("-D", f"area={house.floor_field}", "-f", str(file)),
            *("-h", str(machine.socket_dir), "-U", "postgres", DATABASE),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pgbench failed:\n{done.stderr}")
    return done.stdout


def _parse(said: str) -> Floor:
    def number(pattern: str) -> float:
        found = re.search(pattern, said)
        if not found:
            raise RuntimeError(f"pgbench said something unexpected:\n{said}")
        return float(found[1])

    if number(r"failed transactions: (\d+)"):
        raise RuntimeError(f"Purchases of the floor failed:\n{said}")
    return Floor(
        orders=int(number(r"transactions actually processed: (\d+)")),
        per_second=number(r"tps = ([\d.]+)"),
        milliseconds=number(r"latency average = ([\d.]+) ms"),
        postgres_cpu=0.0,
    )
