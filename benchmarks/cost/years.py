"""Years of sales: as many orders as wanted, of events that are long over, written set-wise.

Every order is a free one for one place, so that it may be paid without a payment: placing an order
does not touch payments. Ids are counted instead of looked up, as joins of this size take long.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from benchmarks.data import Connection, House
from benchmarks.machine import Machine

EVENT_ORDERS = 10_000
ORDERS_OF_CUSTOMER = 5
CONNECTIONS = 3

CUSTOMERS = """
INSERT INTO auth_user (id, username, email, password, first_name, last_name,
    is_active, is_staff, is_superuser, date_joined)
SELECT %(customer)s + n, 'years' || n, 'years' || n || '@example.org', '!', '', '', true, false,
    false, now()
FROM generate_series(0, %(orders)s / %(each)s) AS n
"""
EVENTS = """
INSERT INTO ticketing_event (id, organizer_id, title, slug, description, venue, status,
    fraud_status, auto_approve_refund)
SELECT %(event)s + n, organizer.id, 'Event ' || n, 'years-' || n, '', '', 'published', 'none', false
FROM (SELECT min(id) AS id FROM ticketing_organizer) AS organizer,
    generate_series(0, (%(orders)s - 1) / %(per_event)s) AS n
"""
SHOWINGS = """
INSERT INTO ticketing_showing (id, event_id, starts_at, ends_at, ticket_sale_start,
    ticket_sale_end, time_zone)
SELECT %(showing)s + n, %(event)s + n, moment.at, moment.at + interval '3 hours',
    moment.at - interval '60 days', moment.at - interval '1 day', 'Asia/Ho_Chi_Minh'
FROM generate_series(0, (%(orders)s - 1) / %(per_event)s) AS n,
    LATERAL (SELECT now() - interval '10 days' - n * interval '1 day' AS at) AS moment
"""
AREAS = """
INSERT INTO ticketing_area (id, showing_id, name, price, is_general_admission)
SELECT %(area)s + n, %(showing)s + n, 'Years', 0, true
FROM generate_series(0, (%(orders)s - 1) / %(per_event)s) AS n
"""
ROWS = """
INSERT INTO ticketing_row (id, area_id, label) SELECT %(row)s + n, %(area)s + n, 'GA'
FROM generate_series(0, (%(orders)s - 1) / %(per_event)s) AS n
"""
EVENT_LOG = """
INSERT INTO django_fsm_log_statelog (timestamp, source_state, state, transition, content_type_id,
    object_id, description)
SELECT now() - interval '80 days', 'draft', 'published', 'publish', kind.id, %(event)s + n, ''
FROM django_content_type kind, generate_series(0, (%(orders)s - 1) / %(per_event)s) AS n
WHERE kind.app_label = 'ticketing' AND kind.model = 'event'
"""
# The customers who order in the benchmark are among them, and have orders like everybody.
ORDERS = """
INSERT INTO orders_order (id, code, customer_id, event_id, showing_id, email, total_amount,
    refunded_amount, currency, status, created_at, expires_at, payment_started_at, paid_at,
    idempotency_key, request_digest)
SELECT %(order)s + n, 'A' || translate(lpad(n::text, 11, '0'), '01', 'YZ'),
    %(first)s + n %% (%(orders)s / %(each)s), %(event)s + n / %(per_event)s,
    %(showing)s + n / %(per_event)s, 'years' || n %% (%(orders)s / %(each)s) || '@example.org', 0,
    0, 'VND', 'paid', moment.at, moment.at + interval '15 minutes', NULL,
    moment.at + interval '2 minutes', gen_random_uuid(), md5(n::text) || md5(n::text)
FROM generate_series(0, %(orders)s - 1) AS n,
    LATERAL (SELECT now() - interval '11 days' - n * interval '10 seconds' AS at) AS moment
"""
SEATS = """
INSERT INTO ticketing_seat (id, showing_id, area_id, row_id, number, status)
SELECT %(seat)s + n, %(showing)s + n / %(per_event)s, %(area)s + n / %(per_event)s,
    %(row)s + n / %(per_event)s, n %% %(per_event)s + 1, 'sold'
FROM generate_series(0, %(orders)s - 1) AS n
"""
HOLDS = """
INSERT INTO orders_seathold (order_id, seat_id, showing_id, event_id, price, expires_at, status)
SELECT %(order)s + n, %(seat)s + n, %(showing)s + n / %(per_event)s, %(event)s + n / %(per_event)s,
    0, now() - interval '11 days' - n * interval '10 seconds' + interval '15 minutes', 'confirmed'
FROM generate_series(0, %(orders)s - 1) AS n
"""
TICKETS = """
INSERT INTO orders_ticket (code, order_id, seat_id, showing_id, event_id, price, status, issued_at,
    event_title, showing_starts_at, showing_time_zone, area_name, row_label, seat_number)
SELECT 'A' || translate(lpad(n::text, 25, '0'), '01', 'YZ'), %(order)s + n, %(seat)s + n,
    %(showing)s + n / %(per_event)s, %(event)s + n / %(per_event)s, 0, 'active',
    now() - interval '11 days' - n * interval '10 seconds', 'Event ' || n / %(per_event)s,
    now() - interval '10 days', 'Asia/Ho_Chi_Minh', 'Years', 'GA', n %% %(per_event)s + 1
FROM generate_series(0, %(orders)s - 1) AS n
"""
LOG = """
INSERT INTO django_fsm_log_statelog (timestamp, source_state, state, transition, content_type_id,
    object_id, description)
SELECT now() - interval '11 days' - n * interval '10 seconds', 'pending_payment', 'paid', 'pay',
    kind.id, %(order)s + n, 'Nothing is owed.'
FROM django_content_type kind, generate_series(0, %(orders)s - 1) AS n
WHERE kind.app_label = 'orders' AND kind.model = 'order'
"""
# Those of the last days; older ones are pruned.
JOBS = """
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at, finished_at)
SELECT topic, jsonb_build_object('order_id', %(order)s + n), 'done', now(), 1, 0, '', '', now(),
    now()
FROM generate_series(0, %(orders)s / 50) AS n,
    (VALUES ('orders.expiry_due'), ('orders.placed'), ('orders.paid')) AS job (topic)
"""

NEXT_ID = "SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"

SMALL = [CUSTOMERS, EVENTS, SHOWINGS, AREAS, ROWS, EVENT_LOG]
LARGE = [ORDERS, SEATS, TICKETS, LOG, HOLDS, JOBS]
COUNTED = {
    "customer": "auth_user",
    "event": "ticketing_event",
    "showing": "ticketing_showing",
    "area": "ticketing_area",
    "row": "ticketing_row",
    "seat": "ticketing_seat",
    "order": "orders_order",
}


def fill(running: Machine, house: House, *, orders: int) -> None:
    """Write so many orders, with holds, tickets, logs and jobs; then analyze."""
    with running.connect() as connection:
        numbers = count_from(connection, house, orders=orders)
        for statement in SMALL:
            write(connection, statement, numbers)
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(lambda statement: _write_alone(running, statement, numbers), LARGE))
    with running.connect() as connection:
        for table in COUNTED.values():
            connection.execute(NEXT_ID.format(table=table).encode())
        connection.execute("VACUUM ANALYZE")


def count_from(connection: Connection, house: House, *, orders: int) -> dict[str, int]:
    """What the statements are run with: the first free ids, and how many there are to be."""
    numbers = {key: _next_id(connection, table) for key, table in COUNTED.items()}
    return numbers | {
        "orders": orders,
        "per_event": EVENT_ORDERS,
        "each": ORDERS_OF_CUSTOMER,
        "first": house.first_customer,
    }


def write(connection: Connection, statement: str, numbers: dict[str, int]) -> None:
    """Run one of the statements. Rows known to fit: no need to look up every row's neighbours."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(statement.encode(), numbers)


def _write_alone(running: Machine, statement: str, numbers: dict[str, int]) -> None:
    with running.connect() as connection:
        write(connection, statement, numbers)


def _next_id(connection: Connection, table: str) -> int:
    found = connection.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}".encode())
    (number,) = found.fetchone() or (0,)
    return int(number)
