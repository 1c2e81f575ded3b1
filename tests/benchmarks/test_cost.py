"""What orders are compared in must be houses as the product makes them, full, old or busy."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection

from benchmarks import floor
from benchmarks.cost import churn, comparing, stalls, years
from jobs.models import Job
from orders.models import Order, Ticket
from tests.benchmarks.conftest import SCALE, keep_rules
from ticketing.models import Event, Seat


def statuses(field: stalls.Field) -> list[str]:
    return list(
        Seat.objects.filter(area=field.area).order_by("id").values_list("status", flat=True)
    )


def test_a_share_of_a_field_is_sold_by_the_rules(house):
    field = stalls.new_field(connection.connection, house, 20, sold=0.6)
    keep_rules()

    call_command("verify_invariants")
    assert statuses(field) == ["sold"] * 12 + ["available"] * 8
    assert Ticket.objects.filter(showing=field.showing).live().count() == 12


def test_years_of_sales_keep_the_rules(house):
    numbers = years.count_from(connection.connection, house, orders=45) | {"per_event": 20}
    before = Order.objects.count()

    for statement in (*years.SMALL, *years.LARGE):
        years.write(connection.connection, statement, numbers)
    keep_rules()

    call_command("verify_invariants")
    assert Order.objects.count() - before == Ticket.objects.filter(area_name="Years").count() == 45
    assert Event.objects.filter(slug__startswith="years-").count() == 3
    assert Order.objects.filter(customer=house.first_customer, code__startswith="A").count() == 5


def test_a_busy_hour_frees_all_that_it_held(house):
    buy = floor.PURCHASE.replace(":area", str(house.order_field))
    with connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute(buy.replace(":customer", str(house.first_customer)))

    churn.end(connection.connection, 10)

    call_command("verify_invariants")
    assert Order.objects.filter(status="expired").count() == 3
    assert Seat.objects.filter(area=house.order_field).available().count() == SCALE.places
    assert not Job.objects.unfinished().exists()


def test_only_orders_over_a_warm_connection_count(house):
    field, cost = stalls.Field(house.showing, house.order_field), comparing.Cost()
    before = Order.objects.count()

    comparing.place_alone(field, comparing.WARM + 2, cost)

    assert Order.objects.count() - before == comparing.WARM + 2
    assert len(cost.pages) == len(cost.alone) == 2
    assert min(cost.alone) > 0
