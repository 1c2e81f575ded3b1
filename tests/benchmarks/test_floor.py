"""The floor must cost what an order costs: it writes the same rows, and keeps the same rules."""

from __future__ import annotations

from collections import Counter

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, models

from benchmarks import data, floor
from jobs.models import Job
from orders import services
from orders.models import Order, SeatHold, Ticket
from tests.benchmarks.conftest import SCALE
from ticketing.models import Area, Seat, Showing


def written() -> Counter[tuple[str, str]]:
    """How many rows there are, by table and status."""
    found: Counter[tuple[str, str]] = Counter()
    for model in (Seat, Order, SeatHold, Ticket, Job):
        counted = model.objects.values("status").annotate(count=models.Count("pk"))
        found.update({(model.__name__, row["status"]): row["count"] for row in counted})
    return found


def changed(before: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    now = written()
    return {key: now[key] - before[key] for key in {*now, *before} if now[key] != before[key]}


def buy_through_floor(house: data.House) -> None:
    statement = floor.PURCHASE.replace(":area", str(house.floor_field))
    with connection.cursor() as cursor:
        cursor.execute(statement.replace(":customer", str(house.first_customer)))


def buy_through_service(house: data.House) -> None:
    services.place_order(
        customer=User.objects.get(pk=house.first_customer),
        showing=Showing.objects.get(pk=house.showing),
        area=Area.objects.get(pk=house.order_field),
        quantity=2,
        idempotency_key="once",
    )


def test_floor_and_order_write_the_same_rows(house: data.House) -> None:
    start = written()
    buy_through_floor(house)
    by_floor, after_floor = changed(start), written()
    buy_through_service(house)

    assert by_floor == changed(after_floor)
    assert by_floor[("Seat", "held")] == by_floor[("SeatHold", "active")] == 2


def test_benchmark_data_keeps_every_rule(house: data.House) -> None:
    buy_through_floor(house)

    call_command("verify_invariants")

    assert Ticket.objects.live().count() == 2 * SCALE.old_orders
    assert Seat.objects.filter(showing=house.stadium).count() == house.stadium_seats
