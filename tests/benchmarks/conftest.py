from __future__ import annotations

import pytest
from django.db import connection

from benchmarks import data

SCALE = data.Scale(customers=12, places=40, old_orders=4, stadium_rows=2, row_seats=6)


def keep_rules() -> None:
    """Have triggers and foreign keys work again; what fills tables ends it with its transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture
def house() -> data.House:
    """A small one of what the benchmarks sell."""
    connection.ensure_connection()
    house = data.fill(connection.connection, SCALE)
    keep_rules()
    return house
