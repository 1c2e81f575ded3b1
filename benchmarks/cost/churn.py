"""A busy hour in a few minutes: places held and freed again and again, and nobody cleans up.

pgbench places orders and ends the oldest ones, as the product's services do, without any pause;
autovacuum runs as it is configured.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks import floor
from benchmarks.data import Connection, House
from benchmarks.machine import Machine
from ticketing.embedded_postgres import server

CLIENTS = 4
AT_ONCE = 100  # orders that are ended together
WAITING = 5_000  # orders that hold places at any time, if there are as many places

# Each of them orders a few times; those who order in the benchmark have no hand in it.
CUSTOMERS = """
WITH added AS (
    INSERT INTO auth_user (username, email, password, first_name, last_name,
        is_active, is_staff, is_superuser, date_joined)
    SELECT 'churn' || n, 'churn' || n || '@example.org', '!', '', '', true, false, false, now()
    FROM generate_series(1, %s) AS n RETURNING id
)
SELECT min(id), max(id) FROM added
"""
EXPIRE = """
WITH ended AS (
    SELECT id FROM orders_order WHERE status = 'pending_payment'
    ORDER BY expires_at LIMIT :at_once FOR UPDATE SKIP LOCKED
), expired AS (
    UPDATE orders_order SET status = 'expired' FROM ended WHERE orders_order.id = ended.id
), released AS (
    UPDATE orders_seathold SET status = 'released' FROM ended
    WHERE orders_seathold.order_id = ended.id AND status = 'active' RETURNING seat_id
), freed AS (
    UPDATE ticketing_seat SET status = 'available' FROM released
    WHERE ticketing_seat.id = released.seat_id AND status = 'held'
), logged AS (
    INSERT INTO django_fsm_log_statelog (timestamp, source_state, state, transition,
        content_type_id, object_id, description)
    SELECT now(), 'pending_payment', 'expired', 'expire', kind.id, ended.id, 'Time is up.'
    FROM ended, django_content_type kind WHERE kind.app_label = 'orders' AND kind.model = 'order'
)
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at)
SELECT 'orders.ended', jsonb_build_object('order_id', id), 'pending', now(), 0, 0, '', '', now()
FROM ended
"""
# Three jobs for each order.
WORK = """
UPDATE jobs_job SET status = 'done', attempts = 1, finished_at = now() WHERE id IN (
    SELECT id FROM jobs_job WHERE status IN ('pending', 'published')
    ORDER BY run_at LIMIT 3 * :at_once FOR UPDATE SKIP LOCKED)
"""


def run(running: Machine, house: House, *, places: int, cycles: int) -> None:
    """Hold and free two of the places of the house's first field so many times."""
    with running.connect() as connection:
        first, last = connection.execute(CUSTOMERS, [max(cycles // 3, 1)]).fetchone() or (0, 0)
    house = replace(house, first_customer=first, last_customer=last)
    waiting = min(WAITING, places // 4)
    _pgbench(running, house, {floor.PURCHASE: 1}, waiting)
    rounds = cycles - waiting
    _pgbench(running, house, {floor.PURCHASE: AT_ONCE, EXPIRE: 1, WORK: 1}, rounds)
    with running.connect() as connection:
        end(connection, cycles)


def end(connection: Connection, most: int) -> None:
    """Expire all orders that wait, and call their jobs done."""
    for statement in (EXPIRE, WORK):
        connection.execute(statement.replace(":at_once", str(most)).encode())


def _pgbench(running: Machine, house: House, scripts: dict[str, int], transactions: int) -> None:
    values = {"area": house.order_field, "at_once": AT_ONCE}
    customers = f"\\set customer random({house.first_customer}, {house.last_customer})\n"
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, (script, weight) in enumerate(scripts.items()):
            file = Path(folder) / f"{number}.sql"
            file.write_text(customers + " ".join(script.split()) + ";\n")
            files += ["-f", f"{file}@{weight}"]
        command = [
            *(str(server.program("pgbench")), "-n", "-M", "prepared", *files),
            *("-c", str(CLIENTS), "-t", str(max(1, transactions // CLIENTS))),
            *(part for name, value in values.items() for part in ("-D", f"{name}={value}")),
            *("-h", str(running.socket_dir), "-U", "postgres", running.database),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pgbench failed:\n{done.stderr}")
