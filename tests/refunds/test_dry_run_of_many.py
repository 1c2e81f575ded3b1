"""What a campaign will find is told soon, whatever the database knows of its tables."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import sold_event
from refunds.services import preview_campaign
from ticketing.models import Event

ORDERS = 2_000


@pytest.fixture
def event(db):
    """Much was sold for it since the tables were analyzed, as after a restored backup."""
    with connection.cursor() as cursor:
        sold = sold_event.sell(cursor, slug="sold", orders=ORDERS, prefix="SOL")
    return Event.objects.get(pk=sold.event)


def rows_read(statement):
    """By all steps of its plan, each as often as it was taken."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        [(plans,)] = cursor.fetchall()
    return sum(_rows(plan["Plan"]) for plan in plans)


def _rows(step):
    own = step["Actual Rows"] * step["Actual Loops"]
    return own + sum(_rows(each) for each in step.get("Plans", []))


def test_no_index_is_read_whole_for_each_order(event):
    with CaptureQueriesContext(connection) as captured:
        assert preview_campaign(event=event).totals["orders"] == ORDERS

    for query in captured.captured_queries:
        assert rows_read(query["sql"]) < 20 * ORDERS, query["sql"]
