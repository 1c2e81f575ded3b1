"""A whole sale must be one, and its floor must write what it writes."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import call_command
from django.db import connection, models
from django_fsm_log.models import StateLog

from benchmarks import data, orders, sale_floor, whole_sale
from jobs.models import Job
from orders.models import Order, SeatHold, Ticket
from payments.models import Payment, ProviderMessage
from ticketing.models import Seat

KINDS = {
    Seat: "status",
    Order: "status",
    SeatHold: "status",
    Ticket: "status",
    Payment: "status",
    Job: "topic",
    ProviderMessage: "channel",
    StateLog: "transition",
}


@pytest.fixture(autouse=True)
def _vnpay(monkeypatch, settings):
    monkeypatch.setenv("VNPAY_HASH_SECRET", settings.VNPAY_HASH_SECRET)


def written() -> Counter[tuple[str, str]]:
    """How many rows there are, by table and what kind of row it is."""
    found: Counter[tuple[str, str]] = Counter()
    for model, kind in KINDS.items():
        for name, count in model.objects.values_list(kind).annotate(models.Count("pk")):
            found[model.__name__, name] = count
    return found


def sell_through_floor(house: data.House) -> None:
    script = sale_floor.script(connection.connection).replace(":area", str(house.floor_field))
    settings, _, statements = script.partition("WITH")
    hold, confirm = f"WITH{statements}".removesuffix(";\n").split(" \\gset\n")
    with connection.cursor() as cursor:
        cursor.execute(hold.replace(":customer", str(house.first_customer)))
        confirm = confirm.replace(":placed", str(cursor.fetchone()[0]))
        for name, number in (line.split()[1:] for line in settings.splitlines()):
            confirm = confirm.replace(f":{name}", number)
        cursor.execute(confirm)


def sell_through_http(house: data.House) -> dict[str, orders.Statements]:
    return whole_sale.count_statements(house, orders.tokens_of(house)[0])


def test_a_sale_asks_for_little_and_its_floor_writes_the_same_rows(house):
    start = written()
    sell_through_floor(house)
    by_floor, after_floor = written() - start, written()

    statements = sell_through_http(house)

    twice = written() - after_floor
    assert by_floor == {kind: count // 2 for kind, count in twice.items()}
    assert by_floor["Ticket", "active"] == by_floor["Seat", "sold"] == 2
    # Less than the savepoints that a test's own transaction makes of transactions.
    assert {name: len(asked(each)) for name, each in statements.items()} == {
        "order": 6,
        "pay link": 5,
        "IPN": 5,
    }
    call_command("verify_invariants")


def asked(statements: orders.Statements) -> list[str]:
    return [text for text in statements.sql if "SAVEPOINT" not in text]


def test_only_what_is_paid_with_two_tickets_counts_as_sold(house):
    sell_through_http(house)
    codes = list(Order.objects.filter(payments__isnull=False).values_list("code", flat=True))
    assert len(codes) == 2

    assert whole_sale.count_sold(connection.connection, [*codes, "NOSUCHORDER1"]) == 2
    Ticket.objects.filter(order__code=codes[0]).first().delete()
    assert whole_sale.count_sold(connection.connection, codes) == 1
