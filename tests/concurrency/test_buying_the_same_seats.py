from __future__ import annotations

import random

import pytest
from django.db import connection

from orders import holding
from orders.models import Order, SeatHold
from orders.services import place_order
from tests.concurrency.conftest import run_together
from tests.factories import CustomerFactory, field_of, seats_in_area
from tests.rules import broken_rules
from ticketing.connections import close_all_connections
from ticketing.models import Seat


def buy(customer, seats):
    return lambda: place_order(
        customer=customer, showing=seats[0].showing, seat_ids=[seat.pk for seat in seats]
    )


def test_two_hundred_buyers_of_one_seat_make_one_order():
    [seat] = seats_in_area(1)
    buyers = CustomerFactory.create_batch(200)

    outcomes = run_together([buy(buyer, [seat]) for buyer in buyers], at_once=200)

    assert outcomes == {"done": 1, "seats-unavailable": 199}
    assert Order.objects.count() == 1
    assert broken_rules() == {}


def change_statement(monkeypatch, part, replacement):
    names = [name for name in ("HOLD", "SEATS", "PLACES") if part in getattr(holding, name)]
    assert names
    for name in names:
        monkeypatch.setattr(holding, name, getattr(holding, name).replace(part, replacement))


@pytest.fixture
def without_lock(monkeypatch):
    change_statement(monkeypatch, "FOR UPDATE SKIP LOCKED", "")


@pytest.fixture
def without_guard(monkeypatch):
    change_statement(monkeypatch, "AND ticketing_seat.status = 'available'", "")


@pytest.fixture
def without_index():
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX hold_one_live_per_seat")
    yield
    SeatHold.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE UNIQUE INDEX hold_one_live_per_seat ON orders_seathold (seat_id) "
            "WHERE status IN ('active', 'confirmed')"
        )


def race_until(happened, race):
    """Race again and again: a single statement leaves little room for running into each other."""
    for _ in range(20):
        outcomes = race()
        if happened(outcomes):
            break
    return outcomes


def race_for_one_seat():
    [seat] = seats_in_area(1)
    return run_together([buy(buyer, [seat]) for buyer in CustomerFactory.create_batch(20)])


@pytest.mark.usefixtures("without_lock", "without_guard", "without_index")
def test_control_without_lock_guard_and_index_a_seat_is_sold_twice():
    race_until(lambda outcomes: outcomes["done"] > 1, race_for_one_seat)

    assert "hold_one_live_per_seat" in broken_rules()


@pytest.mark.usefixtures("without_lock", "without_guard")
def test_without_the_lock_the_index_still_keeps_a_seat_from_being_sold_twice():
    outcomes = race_until(lambda outcomes: outcomes["IntegrityError"] > 0, race_for_one_seat)

    assert outcomes["done"] == 1
    assert outcomes["IntegrityError"] > 0
    assert broken_rules() == {}


def stand(customer, area, quantity):
    return lambda: place_order(
        customer=customer, showing=area.showing, area=area, quantity=quantity
    )


def test_five_hundred_buyers_of_a_field_never_hold_more_than_its_places():
    area = field_of(600)
    dice = random.Random(2026)
    buyers = CustomerFactory.create_batch(500)

    outcomes = run_together(
        [stand(buyer, area, dice.randint(1, 4)) for buyer in buyers], at_once=100
    )

    held = Seat.objects.filter(area=area, status="held").count()
    assert held == SeatHold.objects.active().count() <= 600
    assert set(outcomes) == {"done", "not-enough-seats"}
    assert held > 590  # at the end only those who want more than the few places left are refused
    assert broken_rules() == {}


@pytest.mark.usefixtures("without_lock")
def test_control_without_the_lock_buyers_of_a_field_run_into_each_other():
    def race():
        area = field_of(30)
        return run_together([stand(buyer, area, 1) for buyer in CustomerFactory.create_batch(20)])

    outcomes = race_until(lambda outcomes: outcomes["RuntimeError"] > 0, race)

    assert outcomes["RuntimeError"] > 0


def overlapping_orders(seats, buyers=100):
    """Everybody wants three seats in a row; every second one names them from right to left."""
    dice = random.Random(7)
    for number, buyer in enumerate(CustomerFactory.create_batch(buyers)):
        first = dice.randrange(len(seats) - 2)
        wanted = seats[first : first + 3]
        yield buy(buyer, wanted if number % 2 else wanted[::-1])


def test_overlapping_orders_named_in_opposite_order_do_not_deadlock():
    seats = seats_in_area(12)

    outcomes = run_together(overlapping_orders(seats))

    assert set(outcomes) == {"done", "seats-unavailable"}
    assert outcomes["done"] <= 4
    assert broken_rules() == {}


def test_control_locking_in_any_order_and_waiting_deadlocks(monkeypatch):
    change_statement(monkeypatch, "ORDER BY id LIMIT", "ORDER BY random() LIMIT")
    change_statement(monkeypatch, "FOR UPDATE SKIP LOCKED", "FOR UPDATE")

    outcomes = race_until(
        lambda outcomes: outcomes["OperationalError"] > 0,
        lambda: run_together(overlapping_orders(seats_in_area(12), buyers=10)),
    )

    assert outcomes["OperationalError"] > 0


def test_a_customer_cannot_pass_the_limit_by_ordering_in_parallel(settings, customer):
    settings.CUSTOMER_MAX_TICKETS_PER_SHOWING = 20
    area = field_of(100)

    outcomes = run_together([stand(customer, area, 3) for _ in range(30)])

    assert outcomes == {"done": 6, "too-many-tickets": 24}
    assert SeatHold.objects.active().count() == 18


def stand_once(customer, area, quantity=2):
    return lambda: place_order(
        customer=customer,
        showing=area.showing,
        area=area,
        quantity=quantity,
        idempotency_key="once",
        request_digest=f"{quantity} places",
    )


def test_the_same_idempotency_key_in_parallel_makes_one_order(customer):
    area = field_of(100)

    outcomes = run_together([stand_once(customer, area) for _ in range(30)])

    assert outcomes == {"done": 30}
    assert Order.objects.count() == 1
    assert SeatHold.objects.count() == 2


def test_of_two_wishes_with_one_key_in_parallel_only_the_first_is_fulfilled(customer):
    area = field_of(100)

    outcomes = run_together([stand_once(customer, area, 1 + turn % 2) for turn in range(30)])

    assert outcomes == {"done": 15, "idempotency-key-reused": 15}
    assert Order.objects.count() == 1


@pytest.fixture
def frozen_views():
    """A server whose transactions see, unless told otherwise, what there was at their start."""
    database = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER DATABASE {database} SET default_transaction_isolation = 'repeatable read'"
        )
    close_all_connections()
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {database} RESET default_transaction_isolation")
    close_all_connections()


@pytest.mark.usefixtures("frozen_views")
def test_keys_and_limits_hold_in_parallel_whatever_the_server_shows_a_transaction(
    settings, customer
):
    settings.CUSTOMER_MAX_TICKETS_PER_SHOWING = 4
    area = field_of(100)

    outcomes = run_together([stand_once(customer, area) for _ in range(15)])
    outcomes += run_together([stand(customer, area, 2) for _ in range(15)])

    assert outcomes == {"done": 15 + 1, "too-many-tickets": 14}
    assert SeatHold.objects.active().count() == 4
