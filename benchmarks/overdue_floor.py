"""The floor of ending overdue orders: the same rows in the same portions, one statement each.

What is left is what PostgreSQL has to do at least: order, holds and seats moved, the log, the job.
"""

from __future__ import annotations

from benchmarks.data import Connection
from orders.services.expire import AT_ONCE

# Every part starts from the rows of one before it, never from a table as a whole.
END = """
WITH overdue AS (
    SELECT id FROM orders_order
    WHERE status = 'pending_payment' AND expires_at <= now() AND payment_started_at IS NULL
    ORDER BY expires_at LIMIT %(at_once)s FOR UPDATE SKIP LOCKED
), ended AS (
    UPDATE orders_order SET status = 'expired' FROM overdue
    WHERE orders_order.id = overdue.id
    RETURNING orders_order.id
), released AS (
    UPDATE orders_seathold hold SET status = 'released' FROM overdue
    WHERE hold.order_id = overdue.id AND hold.status = 'active'
    RETURNING hold.seat_id
), freed AS (
    UPDATE ticketing_seat seat SET status = 'available' FROM released
    WHERE seat.id = released.seat_id AND seat.status = 'held'
), logged AS (
    INSERT INTO django_fsm_log_statelog (timestamp, source_state, state, transition,
        content_type_id, object_id, description)
    SELECT now(), 'pending_payment', 'expired', 'expire', type.id, ended.id,
        'Time is up and nobody tried to pay.'
    FROM ended, django_content_type type WHERE (app_label, model) = ('orders', 'order')
), jobs AS (
    INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id,
        last_error, created_at)
    SELECT 'orders.ended', jsonb_build_object('order_id', id), 'pending', now(), 0, 0, '', '', now()
    FROM ended
)
SELECT count(*) FROM ended
"""


def end_all(connection: Connection) -> int:
    """End every overdue order nobody tried to pay, some in a transaction each; return how many."""
    total = 0
    while ended := _end_some(connection):
        total += ended
    return total


def _end_some(connection: Connection) -> int:
    row = connection.execute(END, {"at_once": AT_ONCE}, prepare=True).fetchone()
    return int(row[0]) if row else 0
