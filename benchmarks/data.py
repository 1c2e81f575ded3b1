"""A house to sell, customers, and the orders of earlier days, written set-wise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

PRICE = 500_000

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Scale:
    """How much there is of everything."""

    customers: int = 2_000
    places: int = 200_000
    """Free places of the standing field that orders go to, and of the floor's, each."""
    old_orders: int = 20_000
    stadium_rows: int = 250
    row_seats: int = 200


@dataclass(frozen=True)
class House:
    """The ids to work with. The two fields belong to one showing; each order takes two places."""

    showing: int
    order_field: int
    floor_field: int
    stadium: int
    stadium_seats: int
    first_customer: int
    last_customer: int


CUSTOMERS = """
INSERT INTO auth_user (username, email, password, first_name, last_name,
    is_active, is_staff, is_superuser, date_joined)
SELECT 'bench' || n, 'bench' || n || '@example.org', '!', '', '', true, false, false, now()
FROM generate_series(1, %(customers)s) AS n
"""

EVENT = """
WITH organizer AS (
    INSERT INTO ticketing_organizer (name, slug) VALUES ('Benchmark', 'benchmark') RETURNING id
)
INSERT INTO ticketing_event (organizer_id, title, slug, description, venue, status, fraud_status,
    auto_approve_refund)
SELECT id, 'Benchmark', 'benchmark', '', '', 'published', 'none', false FROM organizer
RETURNING id
"""

SHOWING = """
INSERT INTO ticketing_showing (event_id, starts_at, ends_at, ticket_sale_start, ticket_sale_end,
    time_zone)
VALUES (%(event)s, now() + interval '30 days', now() + interval '30 days 3 hours',
    now() - interval '1 day', now() + interval '29 days', 'Asia/Ho_Chi_Minh')
RETURNING id
"""

AREA = """
INSERT INTO ticketing_area (showing_id, name, price, is_general_admission)
VALUES (%(showing)s, %(name)s, %(price)s, %(standing)s) RETURNING id
"""

ROWS = """
INSERT INTO ticketing_row (area_id, label)
SELECT %(area)s, n FROM generate_series(1, %(rows)s) AS n
"""

SEATS = """
INSERT INTO ticketing_seat (showing_id, area_id, row_id, number, status)
SELECT area.showing_id, area.id, seat_row.id, n, %(status)s
FROM ticketing_area area JOIN ticketing_row seat_row ON seat_row.area_id = area.id,
    generate_series(1, %(seats)s) AS n
WHERE area.id = %(area)s ORDER BY seat_row.id, n
"""

# Free ones, which may be paid without a payment: buying does not touch payments. Codes know neither
# 0 nor 1, hence the translation.
OLD_ORDERS = """
INSERT INTO orders_order (code, customer_id, event_id, showing_id, email, total_amount,
    refunded_amount, currency, status, created_at, expires_at, payment_started_at, paid_at,
    idempotency_key, request_digest)
SELECT %(prefix)s || translate(lpad(n::text, 8, '0'), '01', 'YZ'), buyer.id, showing.event_id,
    showing.id, buyer.email, 0, 0, 'VND', 'paid', now() - interval '2 days',
    now() - interval '47 hours', NULL, now() - interval '2 days', gen_random_uuid(), ''
FROM generate_series(0, %(orders)s - 1) AS n
    JOIN auth_user buyer ON buyer.id = %(first)s + n %% %(customers)s,
    ticketing_showing showing
WHERE showing.id = %(showing)s
"""

# Every two sold places belong to one old order, in the order of their numbers.
SOLD = """
SELECT sold_order.id AS order_id, seat.id AS seat_id, sold_order.showing_id, sold_order.event_id,
    seat.number
FROM ticketing_seat seat JOIN orders_order sold_order
    ON sold_order.code = %(prefix)s
        || translate(lpad(((seat.number::int - 1) / 2)::text, 8, '0'), '01', 'YZ')
WHERE seat.area_id = %(area)s AND seat.number::int <= 2 * %(orders)s
"""

OLD_HOLDS = f"""
INSERT INTO orders_seathold (order_id, seat_id, showing_id, event_id, price, expires_at, status)
SELECT order_id, seat_id, showing_id, event_id, 0, now() - interval '47 hours', 'confirmed'
FROM ({SOLD}) AS sold
"""

OLD_TICKETS = f"""
INSERT INTO orders_ticket (code, order_id, seat_id, showing_id, event_id, price, status, issued_at,
    event_title, showing_starts_at, showing_time_zone, area_name, row_label, seat_number)
SELECT translate(upper(substr(md5(seat_id::text), 1, 26)), '01', 'YZ'), order_id, seat_id,
    showing_id, event_id, 0, 'active', now() - interval '2 days', 'Benchmark',
    now() + interval '30 days', 'Asia/Ho_Chi_Minh', 'Sold', '1', number
FROM ({SOLD}) AS sold
"""

OLD_JOBS = """
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at, finished_at)
SELECT 'orders.expiry_due', jsonb_build_object('order_id', id), 'done', expires_at, 1, 0, '', '',
    created_at, expires_at
FROM orders_order WHERE showing_id = %(showing)s AND code LIKE %(prefix)s || '%%'
"""

LOG = """
INSERT INTO django_fsm_log_statelog (timestamp, source_state, state, transition, content_type_id,
    object_id, description)
SELECT now() - interval '2 days', moved.source, moved.status, moved.transition, kind.id, moved.id,
    'Made for the benchmark.'
FROM (
    SELECT 'event' AS model, id, 'draft' AS source, status, 'publish' AS transition
    FROM ticketing_event WHERE id = %(event)s
    UNION ALL SELECT 'order', id, 'pending_payment', status, 'pay'
    FROM orders_order WHERE showing_id = %(showing)s AND code LIKE %(prefix)s || '%%'
) AS moved JOIN django_content_type kind
    ON kind.model = moved.model AND kind.app_label IN ('ticketing', 'orders')
"""


def fill(connection: Connection, scale: Scale) -> House:
    """Fill an empty, migrated database; give the ids of what was made. The caller's transaction."""
    # One's own database and rows known to fit: no need to look up every row's neighbours.
    connection.execute("SET LOCAL session_replication_role = replica")
    connection.execute(CUSTOMERS, {"customers": scale.customers})
    first, last = _row(connection, "SELECT min(id), max(id) FROM auth_user")
    (event,) = _row(connection, EVENT)
    (showing,) = _row(connection, SHOWING, {"event": event})
    house = House(
        showing=showing,
        order_field=_field(connection, showing, "Standing", scale.places),
        floor_field=_field(connection, showing, "Floor", scale.places),
        stadium=_stadium(connection, event, scale),
        stadium_seats=scale.stadium_rows * scale.row_seats,
        first_customer=first,
        last_customer=last,
    )
    _sell(connection, house, scale, event)
    return house


def add_field(connection: Connection, showing: int, name: str, places: int) -> int:
    """A standing field more, free as a whole; give its id. The caller's transaction."""
    connection.execute("SET LOCAL session_replication_role = replica")
    return _field(connection, showing, name, places)


def settle(connection: Connection) -> None:
    """Bring statistics up to date and dirty pages to disk, so that runs start alike."""
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")


def _field(connection: Connection, showing: int, name: str, places: int) -> int:
    area = _area(connection, {"showing": showing, "name": name, "standing": True, "price": PRICE})
    connection.execute(ROWS, {"area": area, "rows": 1})
    connection.execute(SEATS, {"area": area, "seats": places, "status": "available"})
    return area


def _stadium(connection: Connection, event: int, scale: Scale) -> int:
    (showing,) = _row(connection, SHOWING, {"event": event})
    area = _area(
        connection, {"showing": showing, "name": "Stand", "standing": False, "price": PRICE}
    )
    connection.execute(ROWS, {"area": area, "rows": scale.stadium_rows})
    connection.execute(SEATS, {"area": area, "seats": scale.row_seats, "status": "available"})
    return int(showing)


def _area(connection: Connection, values: Mapping[str, object]) -> int:
    (area,) = _row(connection, AREA, values)
    return int(area)


def _sell(connection: Connection, house: House, scale: Scale, event: int) -> None:
    sold = _area(
        connection, {"showing": house.showing, "name": "Sold", "standing": True, "price": 0}
    )
    connection.execute(ROWS, {"area": sold, "rows": 1})
    connection.execute(SEATS, {"area": sold, "seats": 2 * scale.old_orders, "status": "sold"})
    values = {
        "event": event,
        "showing": house.showing,
        "area": sold,
        "prefix": "PAST",
        "orders": scale.old_orders,
        "first": house.first_customer,
        "customers": scale.customers,
    }
    write_orders(connection, values)


def prefix_of(area: int) -> str:
    """The beginning of the codes of an area's orders."""
    return f"{area:04}".translate(str.maketrans("01", "YZ"))


def write_orders(connection: Connection, values: Mapping[str, object]) -> None:
    """Paid orders for the first places of an area, two each, and the log of an event they are for.

    `values` are the ids of event, showing, area and first customer, how many orders and customers,
    and a prefix of four characters for the orders' codes.
    """
    for statement in (OLD_ORDERS, OLD_HOLDS, OLD_TICKETS, OLD_JOBS, LOG):
        connection.execute(statement.encode(), values)


def _row(
    connection: Connection, statement: str, values: Mapping[str, object] | None = None
) -> tuple[Any, ...]:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None:
        raise RuntimeError("A statement that makes one row made none.")
    return row
