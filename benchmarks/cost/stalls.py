"""Where orders are placed to be compared: servers and standing fields that differ in one thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

from benchmarks import data
from benchmarks.data import Connection, House
from benchmarks.machine import Machine
from ticketing.connections import close_all_connections

# In two steps, as buyers do it: each of them leaves a dead entry in every index of the seats.
SELL = [
    "UPDATE ticketing_seat SET status = 'held' WHERE area_id = %s AND number::int <= %s",
    "UPDATE ticketing_seat SET status = 'sold' WHERE area_id = %s AND status = 'held'",
]
# Others than those who order in the benchmark: the more orders of a showing a customer has, the
# more there is to count, and nobody has hundreds.
CUSTOMERS = """
WITH added AS (
    INSERT INTO auth_user (username, email, password, first_name, last_name,
        is_active, is_staff, is_superuser, date_joined)
    SELECT %(name)s || n, %(name)s || n || '@example.org', '!', '', '', true, false, false, now()
    FROM generate_series(1, %(count)s) AS n RETURNING id
)
SELECT min(id) FROM added
"""
ORDERS_OF_CUSTOMER = 5


@dataclass(frozen=True)
class Field:
    """A standing field of a showing."""

    showing: int
    area: int


@dataclass(frozen=True)
class Stall:
    """A running server and the fields that its buyers go to, a slice to each in turn."""

    running: Machine
    fields: Sequence[Field]


def new_field(connection: Connection, house: House, places: int, *, sold: float = 0.0) -> Field:
    """A showing with one free field; this share of it is then sold, which nobody cleans up."""
    with connection.transaction():
        event = _event_of(connection, house)
        (showing,) = connection.execute(data.SHOWING, {"event": event}).fetchone() or (0,)
        area = data.add_field(connection, showing, "Compared", places)
    if sold:
        _sell(connection, Field(showing, area), int(places * sold) // 2)
    return Field(showing, area)


def _event_of(connection: Connection, house: House) -> int:
    found = connection.execute(
        "SELECT event_id FROM ticketing_showing WHERE id = %s", [house.showing]
    )
    (event,) = found.fetchone() or (0,)
    return int(event)


def _sell(connection: Connection, field: Field, orders: int) -> None:
    connection.execute("ANALYZE ticketing_seat")
    for statement, value in zip(SELL, ([field.area, 2 * orders], [field.area]), strict=True):
        connection.execute(statement, value)
    customers = orders // ORDERS_OF_CUSTOMER + 1
    named = {"name": f"crowd{field.area}-", "count": customers}
    (first,) = connection.execute(CUSTOMERS, named).fetchone() or (0,)
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        data.write_orders(
            connection,
            {
                "event": 0,  # its log is written already
                "showing": field.showing,
                "area": field.area,
                "prefix": data.prefix_of(field.area),
                "orders": orders,
                "first": first,
                "customers": customers,
            },
        )


@contextmanager
def django_at(database: str) -> Iterator[None]:
    """Until the end of the block, Django's own connections of this process go to this database."""
    close_all_connections()
    # Closed before: a connection stays with the database it was made for.
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], database
    try:
        yield
    finally:
        close_all_connections()
        connection.settings_dict["NAME"] = before
