"""Give free places to a new order: claim them, and write order and holds, in one statement.

No row shared by buyers is touched, and nothing is written unless all wished places are free.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from jobs.prepared import fetch_all
from orders.errors import NotEnoughSeats, SeatsUnavailable
from orders.models import Order, SeatHold
from ticketing.models import Area, Row, Seat

# The claim passes over what others hold locked, so it never waits; `complete` has a row only if
# there was enough. The statement fails if a seat moved although it was locked.
HOLD = """
WITH {free}, claimed AS (
    SELECT seat.id, seat.number, seat_row.label, area.name, area.price
    FROM free seat
        JOIN ticketing_row seat_row ON seat_row.id = seat.row_id
        JOIN ticketing_area area ON area.id = seat.area_id
), complete AS (
    SELECT sum(price) AS total FROM claimed HAVING count(*) = {count}
), held AS (
    UPDATE ticketing_seat SET status = 'held' FROM claimed, complete
    WHERE ticketing_seat.id = claimed.id AND ticketing_seat.status = 'available'
    RETURNING claimed.id, claimed.price
), placed AS (
    INSERT INTO orders_order (code, customer_id, event_id, showing_id, email, language,
        total_amount, refunded_amount, currency, status, created_at, expires_at,
        idempotency_key, request_digest)
    SELECT %(code)s, %(customer)s, %(event)s, %(showing)s, %(email)s, %(language)s,
        total, 0, %(currency)s, 'pending_payment', %(created_at)s, %(expires_at)s,
        %(idempotency_key)s, %(request_digest)s
    FROM complete
    RETURNING id
), hold AS (
    INSERT INTO orders_seathold
        (order_id, seat_id, showing_id, event_id, price, expires_at, status)
    SELECT placed.id, held.id, %(showing)s, %(event)s, held.price, %(expires_at)s, 'active'
    FROM placed, held
    RETURNING id, order_id, seat_id
)
SELECT claimed.id, number, label, name, price, hold.id, hold.order_id
FROM claimed LEFT JOIN hold ON hold.seat_id = claimed.id ORDER BY claimed.id
"""
SEATS = """
free AS (
    SELECT * FROM ticketing_seat
    WHERE id = ANY(%(wish)s::bigint[]) AND showing_id = %(showing)s AND status = 'available'
    ORDER BY id LIMIT {count} FOR UPDATE SKIP LOCKED
)
"""
# The next free places after those that were claimed last, and the first ones once there are none.
# The last LIMIT ends the reading: no earlier place is locked while there are enough later ones.
PLACES = """
later AS (
    SELECT * FROM ticketing_seat
    WHERE area_id = %(wish)s AND status = 'available' AND id > %(after)s
    ORDER BY id LIMIT {count} FOR UPDATE SKIP LOCKED
), earlier AS (
    SELECT * FROM ticketing_seat
    WHERE area_id = %(wish)s AND status = 'available' AND id <= %(after)s
    ORDER BY id LIMIT {count} FOR UPDATE SKIP LOCKED
), free AS (
    SELECT * FROM later UNION ALL SELECT * FROM earlier LIMIT {count}
)
"""

# Without a key there is no earlier order: nothing equals NULL.
PAST = """
SELECT (
    SELECT count(*) FROM orders_order JOIN orders_seathold hold ON hold.order_id = orders_order.id
    WHERE orders_order.customer_id = %(customer)s AND orders_order.showing_id = %(showing)s
        AND hold.status IN ('active', 'confirmed')
), (
    SELECT id FROM orders_order WHERE customer_id = %(customer)s AND idempotency_key = %(key)s
)
"""
OLDEST = "SELECT min(expires_at) FROM orders_order WHERE status = 'pending_payment'"


# By area: where the last claim of this process ended. Whoever began at the first place again would
# look at each that was sold before, until it is swept out of the index; and that takes as long as
# the longest transaction, a backup for instance. A wrong value costs time and nothing else.
_last_claimed: dict[int, int] = {}


def is_any_overdue(now: datetime) -> bool:
    """Whether any order at all waits for payment although its time is up: one look at an index."""
    [(oldest,)] = fetch_all(OLDEST, {})
    return oldest is not None and oldest <= now


def look_back(
    customer_id: int, showing_id: int, idempotency_key: str | None
) -> tuple[int, int | None]:
    """How many places of a showing a customer has, and which order she placed with this key.

    Places of orders that wait for payment or are paid; the order's id. While the caller is at
    the head of her queue, no order joins them; the places may become fewer.
    """
    values = {"customer": customer_id, "showing": showing_id, "key": idempotency_key}
    [(live, earlier_id)] = fetch_all(PAST, values)
    return live, earlier_id


def hold_seats(order: Order, seat_ids: Sequence[int]) -> list[SeatHold]:
    """Save a new order that holds exactly these seats, and return the holds in seat order.

    Raises SeatsUnavailable naming those that are not free; nothing is written then.
    """
    found = _claim(order, SEATS, len(seat_ids), wish=list(seat_ids))
    taken = set(seat_ids) - {row[0] for row in found}
    if taken:
        raise SeatsUnavailable(
            _("Somebody was faster. Choose other seats, or try again in a few minutes."),
            seats=sorted(taken),
        )
    return _held(order, found)


def hold_places(order: Order, area: Area, quantity: int) -> list[SeatHold]:
    """Save a new order that holds some free places of a standing field; return the holds.

    Raises NotEnoughSeats; nothing is written then.
    """
    after = _last_claimed.get(area.pk, 0)
    found = _claim(order, PLACES, quantity, wish=area.pk, after=after)
    if len(found) < quantity:
        raise NotEnoughSeats(
            _("Choose fewer places, or try again when other customers' orders have expired."),
            available=len(found),
        )
    claimed = [row[0] for row in found]
    # Where it had to begin again at the first place, the next one goes on from there.
    _last_claimed[area.pk] = max([pk for pk in claimed if pk <= after] or claimed)
    return _held(order, found)


def _claim(order: Order, free: str, count: int, **wish: object) -> list[tuple[Any, ...]]:
    values = {
        **wish,
        "code": order.code,
        "customer": order.customer_id,
        "event": order.event_id,
        "showing": order.showing_id,
        "email": order.email,
        "language": order.language,
        "currency": order.currency,
        "created_at": order.created_at,
        "expires_at": order.expires_at,
        "idempotency_key": order.idempotency_key,
        "request_digest": order.request_digest,
    }
    # The count stands in the text: of a limit that comes as a value, the plan can't know how small.
    statement = HOLD.replace("{free}", free).replace("{count}", str(int(count)))
    return fetch_all(statement, values)


def _held(order: Order, found: list[tuple[Any, ...]]) -> list[SeatHold]:
    if any(hold_id is None for *_place, hold_id, _order_id in found):
        # Under the lock this can't happen; if it does, nothing may be kept of the transaction.
        raise RuntimeError(f"A seat of order {order.code} was not in the expected state.")
    order.pk = found[0][-1]
    # As the statement has written it: added up here, it needs no query.
    order.total_amount = sum((row[4] for row in found), Decimal(0))
    return [
        SeatHold(  # its place has what answers tell of it, and no more
            pk=hold_id,
            order=order,
            seat=Seat(pk=seat_id, number=number, row=Row(label=label), area=Area(name=name)),
            showing_id=order.showing_id,
            event_id=order.event_id,
            price=price,
            expires_at=order.expires_at,
        )
        for seat_id, number, label, name, price, hold_id, _order_id in found
    ]
