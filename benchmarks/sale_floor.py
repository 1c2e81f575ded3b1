"""The floor of whole sales: their rows in two transactions of one statement each.

The first is the floor of orders; the second writes what a pay link and VNPay's call leave behind:
the attempt, both messages, order, holds and seats moved, tickets, the log and the job of the mail.
The attempt is written as it is in the end: the fewest statements can't write it twice.
"""

from __future__ import annotations

from benchmarks import floor
from benchmarks.machine import Connection

CONFIRM = """
WITH paid AS (
    UPDATE orders_order
    SET status = 'paid', payment_started_at = now(), paid_at = now()
    WHERE id = :placed AND status = 'pending_payment'
    RETURNING id, showing_id, event_id, total_amount, expires_at
), attempt AS (
    INSERT INTO payments_payment (order_id, provider, txn_ref, amount, currency, status,
        payment_url, provider_request, provider_transaction_no, provider_code, created_at,
        expires_at, paid_at, idempotency_key, request_digest)
    SELECT id, 'vnpay', md5(random()::text), total_amount, 'VND', 'captured', repeat('u', 560),
        jsonb_object('{vnp_TxnRef, vnp_OrderInfo}', ARRAY[md5('a'), repeat('i', 300)]), '14226112',
        '00/00', now(), expires_at, now(), gen_random_uuid(), md5('a') || md5('b')
    FROM paid
    RETURNING id, txn_ref
), told AS (
    INSERT INTO payments_providermessage (provider, channel, txn_ref, body, remote_address, at)
    SELECT 'vnpay', channel, txn_ref,
        jsonb_object('{vnp_TxnRef, vnp_OrderInfo}', ARRAY[txn_ref, repeat('i', 300)]),
        address::inet, now()
    FROM attempt, (VALUES ('pay', NULL), ('ipn', '127.0.0.1')) AS call (channel, address)
), confirmed AS (
    UPDATE orders_seathold hold SET status = 'confirmed' FROM paid
    WHERE hold.order_id = paid.id AND hold.status = 'active'
    RETURNING hold.seat_id, hold.price
), sold AS (
    UPDATE ticketing_seat seat SET status = 'sold' FROM confirmed
    WHERE seat.id = confirmed.seat_id AND seat.status = 'held'
    RETURNING seat.id, seat.row_id, seat.number, confirmed.price
), issued AS (
    INSERT INTO orders_ticket (code, order_id, seat_id, showing_id, event_id, price, status,
        issued_at, event_title, showing_starts_at, showing_time_zone, area_name, row_label,
        seat_number)
    SELECT translate(upper(substr(md5(random()::text), 1, 26)), '01', 'YZ'), paid.id, sold.id,
        showing.id, event.id, sold.price, 'active', now(), event.title, showing.starts_at,
        showing.time_zone, area.name, seat_row.label, sold.number
    FROM paid JOIN ticketing_showing showing ON showing.id = paid.showing_id
        JOIN ticketing_event event ON event.id = paid.event_id, sold
        JOIN ticketing_row seat_row ON seat_row.id = sold.row_id
        JOIN ticketing_area area ON area.id = seat_row.area_id
), logged AS (
    INSERT INTO django_fsm_log_statelog (timestamp, source_state, state, transition,
        content_type_id, object_id, description)
    SELECT now(), 'pending', 'captured', 'capture', :payment_type::int, id, 'ipn: paid, code 00/00'
    FROM attempt
    UNION ALL SELECT now(), 'pending_payment', 'paid', 'pay', :order_type::int, id,
        'vnpay 0d5f8c2a9b7e4f10a3c6d8e2b4f61973 was captured.'
    FROM paid
)
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at)
SELECT 'orders.paid', jsonb_build_object('order_id', id), 'pending', now(), 0, 0, '', '', now()
FROM paid
"""

HOLD = f"{floor.HELD}, jobs AS ({floor.JOBS}) SELECT id AS placed FROM placed"

TYPES = """
SELECT (SELECT id FROM django_content_type WHERE (app_label, model) = ('orders', 'order')),
    (SELECT id FROM django_content_type WHERE (app_label, model) = ('payments', 'payment'))
"""


def script(connection: Connection) -> str:
    """What pgbench repeats: hold two places, then confirm that order."""
    (order_type, payment_type) = connection.execute(TYPES).fetchone() or (0, 0)
    types = f"\\set order_type {order_type}\n\\set payment_type {payment_type}\n"
    return f"{types}{HOLD.strip()} \\gset\n{CONFIRM.strip()};\n"
