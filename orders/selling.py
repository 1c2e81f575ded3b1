"""Turn an order's held places into sold ones: order, holds and seats, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from jobs.prepared import fetch_all
from orders.models import Order

# Nothing comes back for an order that does not wait for payment, and a place without the number
# of its seat if that was not held.
SELL = """
WITH paid AS (
    UPDATE orders_order SET status = 'paid', paid_at = %(paid_at)s
    WHERE id = %(order)s AND status = 'pending_payment'
    RETURNING id, showing_id, event_id
), confirmed AS (
    UPDATE orders_seathold hold SET status = 'confirmed' FROM paid
    WHERE hold.order_id = paid.id AND hold.status = 'active'
    RETURNING hold.seat_id, hold.price
), sold AS (
    UPDATE ticketing_seat seat SET status = 'sold' FROM confirmed
    WHERE seat.id = confirmed.seat_id AND seat.status = 'held'
    RETURNING seat.id, seat.number, seat.row_id, seat.area_id
)
SELECT confirmed.seat_id, confirmed.price, event.title, showing.starts_at, showing.time_zone,
    area.name, seat_row.label, sold.number
FROM paid JOIN ticketing_event event ON event.id = paid.event_id
    JOIN ticketing_showing showing ON showing.id = paid.showing_id, confirmed
    LEFT JOIN sold ON sold.id = confirmed.seat_id
    LEFT JOIN ticketing_row seat_row ON seat_row.id = sold.row_id
    LEFT JOIN ticketing_area area ON area.id = sold.area_id
ORDER BY confirmed.seat_id
"""


@dataclass(frozen=True)
class SoldPlace:
    """A place of an order that was just paid, with all names as they are now."""

    seat_id: int
    price: Decimal
    event_title: str
    showing_starts_at: datetime
    showing_time_zone: str
    area_name: str
    row_label: str
    seat_number: str


def sell_places(order: Order) -> list[SoldPlace]:
    """Save an order that has just moved to paid, with its holds and seats; return its places.

    The caller holds the order's lock. Locks the seats, in no special order: nobody else waits for
    seats that are held but the owner of that lock.
    """
    rows = fetch_all(SELL, {"order": order.pk, "paid_at": order.paid_at})
    places = [SoldPlace(*row) for row in rows]
    if not places or any(place.seat_number is None for place in places):
        # Under the lock this can't happen; if it does, nothing may be kept of the transaction.
        raise RuntimeError(f"Order {order.code} or a seat of it was not in the expected state.")
    return places
