"""An event that thousands have paid for at VNPay, written set-wise: something to cancel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import httpx

from payments.vnpay.config import Config
from payments.vnpay.pay import Attempt, pay_parameters, pay_url

PRICE = 500_000
PLACES = 2  # of each order
AT_ONE_TIME = timedelta(0)
AT_ONCE = 500  # links in one request to the stand-in


class Cursor(Protocol):
    """Django's and psycopg's alike."""

    def execute(self, sql: Any, values: Any = None, /) -> object: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> Any: ...


@dataclass(frozen=True)
class SoldEvent:
    """The ids to work with; every order has a code that begins with `prefix`."""

    event: int
    showing: int
    slug: str
    prefix: str
    orders: int


CUSTOMERS = """
INSERT INTO auth_user (username, email, password, first_name, last_name,
    is_active, is_staff, is_superuser, date_joined)
SELECT %(slug)s || n, %(slug)s || n || '@example.org', '!', '', '', true, false, false, now()
FROM generate_series(0, %(customers)s - 1) AS n
"""

SHOWING = """
WITH organizer AS (
    INSERT INTO ticketing_organizer (name, slug) VALUES (%(slug)s, %(slug)s) RETURNING id
), event AS (
    INSERT INTO ticketing_event (organizer_id, title, slug, description, venue, status,
        fraud_status, auto_approve_refund, cancellation_request_reason)
    SELECT id, %(slug)s, %(slug)s, '', '', 'published', 'none', false, '' FROM organizer
    RETURNING id
)
INSERT INTO ticketing_showing (event_id, starts_at, ends_at, ticket_sale_start, ticket_sale_end,
    time_zone)
SELECT id, now() + interval '30 days', now() + interval '30 days 3 hours',
    now() - interval '1 day', now() + interval '29 days', 'Asia/Ho_Chi_Minh'
FROM event RETURNING id, event_id
"""

SEATS = """
WITH area AS (
    INSERT INTO ticketing_area (showing_id, name, price, is_general_admission)
    VALUES (%(showing)s, %(slug)s, %(price)s, true) RETURNING id
), seat_row AS (
    INSERT INTO ticketing_row (area_id, label) SELECT id, 'GA' FROM area RETURNING id, area_id
)
INSERT INTO ticketing_seat (showing_id, area_id, row_id, number, status)
SELECT %(showing)s, area_id, id, n, 'sold'
FROM seat_row, generate_series(1, %(orders)s * %(places)s) AS n
"""

ORDERS = """
INSERT INTO orders_order (code, customer_id, event_id, showing_id, email, total_amount,
    refunded_amount, currency, status, created_at, expires_at, payment_started_at, paid_at,
    request_digest)
SELECT %(prefix)s || lpad(n::text, 9, '0'), buyer.id, %(event)s, %(showing)s, buyer.email,
    %(price)s * %(places)s, 0, 'VND', 'paid', %(at)s - ago, %(until)s - ago, %(at)s - ago,
    %(at)s - ago, ''
FROM (
    SELECT n, (%(orders)s - n) * %(apart)s AS ago FROM generate_series(0, %(orders)s - 1) AS n
) AS numbered
    JOIN auth_user buyer ON buyer.username = %(slug)s || (n %% %(customers)s)
"""

# Every few sold places belong to one order, in the order of their numbers.
SOLD = """
SELECT sold_order.id AS order_id, seat.id AS seat_id, seat.showing_id, sold_order.event_id,
    seat.number
FROM ticketing_seat seat JOIN orders_order sold_order
    ON sold_order.code = %(prefix)s || lpad(((seat.number::int - 1) / %(places)s)::text, 9, '0')
WHERE seat.showing_id = %(showing)s
"""

HOLDS = f"""
INSERT INTO orders_seathold (order_id, seat_id, showing_id, event_id, price, expires_at, status)
SELECT order_id, seat_id, showing_id, event_id, %(price)s, %(until)s, 'confirmed'
FROM ({SOLD}) AS sold
"""

TICKETS = f"""
INSERT INTO orders_ticket (code, order_id, seat_id, showing_id, event_id, price, status, issued_at,
    event_title, showing_starts_at, showing_time_zone, area_name, row_label, seat_number)
SELECT upper(substr(md5(%(slug)s || seat_id), 1, 26)), order_id, seat_id, showing_id, event_id,
    %(price)s, 'active', %(at)s, %(slug)s, now() + interval '30 days', 'Asia/Ho_Chi_Minh',
    %(slug)s, 'GA', number
FROM ({SOLD}) AS sold
"""

PAYMENTS = """
INSERT INTO payments_payment (order_id, provider, txn_ref, amount, currency, status, payment_url,
    provider_request, provider_transaction_no, provider_code, created_at, expires_at, paid_at,
    request_digest)
SELECT id, 'vnpay', md5(code || random()), total_amount, 'VND', 'captured', '', '{}', '', '00/00',
    %(at)s, %(until)s, %(at)s, ''
FROM orders_order WHERE event_id = %(event)s
"""

LOG = """
INSERT INTO django_fsm_log_statelog (timestamp, source_state, state, transition, content_type_id,
    object_id, description)
SELECT %(at)s, moved.source, moved.status, moved.transition, kind.id, moved.id, 'Made set-wise.'
FROM (
    SELECT 'event' AS model, id, 'draft' AS source, status, 'publish' AS transition
    FROM ticketing_event WHERE id = %(event)s
    UNION ALL SELECT 'order', id, 'pending_payment', status, 'pay'
    FROM orders_order WHERE event_id = %(event)s
    UNION ALL SELECT 'payment', payment.id, 'pending', payment.status, 'capture'
    FROM payments_payment payment JOIN orders_order bought ON bought.id = payment.order_id
    WHERE bought.event_id = %(event)s
) AS moved JOIN django_content_type kind
    ON kind.model = moved.model AND kind.app_label IN ('ticketing', 'orders', 'payments')
"""

UNPAID_THERE = """
SELECT payment.id, payment.txn_ref, payment.amount, payment.created_at, payment.expires_at,
    bought.code
FROM payments_payment payment JOIN orders_order bought ON bought.id = payment.order_id
WHERE bought.event_id = %(event)s AND payment.provider_transaction_no = ''
ORDER BY payment.id LIMIT %(limit)s
"""

PAID_THERE = """
UPDATE payments_payment SET provider_transaction_no = paid.number, provider_request = paid.request
FROM jsonb_to_recordset(%s::jsonb) AS paid(id bigint, number text, request jsonb)
WHERE payments_payment.id = paid.id
"""


def sell(
    cursor: Cursor, *, slug: str, orders: int, prefix: str = "BIG", apart: timedelta = AT_ONE_TIME
) -> SoldEvent:
    """Write a published event with so many paid orders, the last one placed now.

    VNPay has not heard of them yet.
    """
    at = datetime.now(UTC).replace(microsecond=0)
    cursor.execute(SHOWING, {"slug": slug})
    showing, event = cursor.fetchone()
    values = {
        "slug": slug,
        "prefix": prefix,
        "event": event,
        "showing": showing,
        "orders": orders,
        "customers": min(orders, 2_000),
        "price": PRICE,
        "places": PLACES,
        "apart": apart,
        "at": at,
        "until": at + timedelta(minutes=15),
    }
    for statement in (CUSTOMERS, SEATS, ORDERS, HOLDS, TICKETS, PAYMENTS, LOG):
        cursor.execute(statement, values)
    return SoldEvent(event, showing, slug, prefix, orders)


def pay_there(cursor: Cursor, sold: SoldEvent, stand_in: httpx.Client, config: Config) -> None:
    """Have the stand-in take the money: every link is signed by us and verified there."""
    while rows := _unpaid(cursor, sold):
        asked = {pk: pay_parameters(attempt, config) for pk, attempt in rows}
        links = [pay_url(each, config) for each in asked.values()]
        body = {"payment_urls": links, "outcome": "success"}
        answer = stand_in.post("/control/pay-many", json=body).raise_for_status().json()
        cursor.execute(PAID_THERE, [json.dumps(list(_paid(asked, answer["paid"])))])


def _unpaid(cursor: Cursor, sold: SoldEvent) -> list[tuple[int, Attempt]]:
    cursor.execute(UNPAID_THERE, {"event": sold.event, "limit": AT_ONCE})
    return [(row[0], _attempt(*row[1:])) for row in cursor.fetchall()]


def _attempt(ref: str, amount: Decimal, at: datetime, until: datetime, code: str) -> Attempt:
    return Attempt(
        txn_ref=ref,
        amount=amount,
        description=f"Thanh toan don hang {code}",
        created_at=at,
        expires_at=until,
        customer_address="127.0.0.1",
    )


def _paid(
    asked: Mapping[int, Mapping[str, str]], numbers: Mapping[str, str]
) -> Iterator[dict[str, object]]:
    for pk, request in asked.items():
        yield {"id": pk, "number": numbers[request["vnp_TxnRef"]], "request": request}
