"""Seats are taken off sale while customers are buying them, on real connections."""

from __future__ import annotations

import random

import pytest

from orders.models import SeatHold
from orders.services import place_order
from tests.concurrency.conftest import run_together
from tests.concurrency.test_buying_the_same_seats import buy, stand
from tests.factories import CustomerFactory, field_of, seats_in_area
from tests.rules import broken_rules
from tests.ticketing.event_states import new_admin
from ticketing.models import Seat, SeatQuerySet
from ticketing.services import block_places, block_seats, release_seats

REASON = "The orchestra needs more room."


def change(use_case, seats, admin):
    ids = [seat.pk for seat in seats]
    random.Random(len(ids)).shuffle(ids)
    return lambda: use_case(showing_id=seats[0].showing_id, seat_ids=ids, by=admin, reason=REASON)


def states(seats):
    return list(
        Seat.objects.filter(pk__in=[seat.pk for seat in seats]).values_list("status", flat=True)
    )


def storm(pairs):
    """Of each pair of seats a buyer wants both, and an admin wants to block both."""
    admin = new_admin()
    for pair in pairs:
        yield buy(CustomerFactory(), pair)
        yield change(block_seats, pair, admin)


def pairs_of_seats():
    """Each of an event of its own, so that admins don't wait for each other."""
    return [seats_in_area(2) for _ in range(25)]


def test_of_a_buyer_and_an_admin_who_want_the_same_seats_one_gets_them():
    pairs = pairs_of_seats()

    outcomes = run_together(storm(pairs))

    assert set(outcomes) <= {"done", "seats-unavailable", "wrong-seat-state"}
    assert outcomes["done"] == len(pairs)
    assert all(states(pair) in (["held"] * 2, ["blocked"] * 2) for pair in pairs)
    assert broken_rules() == {}


@pytest.fixture
def without_lock(monkeypatch):
    monkeypatch.setattr(
        SeatQuerySet,
        "lock_by_id",
        lambda seats, limit=None: list(seats.order_by("id").values_list("id", flat=True)[:limit]),
    )


@pytest.fixture
def without_guard(monkeypatch):
    monkeypatch.setattr(
        SeatQuerySet, "_move", lambda seats, source, target: seats.update(status=target)
    )


@pytest.mark.usefixtures("without_lock", "without_guard")
def test_control_without_lock_and_guard_a_seat_is_blocked_over_its_buyer():
    for _ in range(5):
        run_together(storm(pairs_of_seats()))
        if broken_rules():
            break

    assert "seat_status_follows_its_hold" in broken_rules()


def test_seats_blocked_and_released_from_many_sides_in_any_order_do_not_deadlock():
    seats, admin = seats_in_area(40), new_admin()
    dice = random.Random(7)
    some = [dice.sample(seats, 10) for _ in range(20)]

    outcomes = run_together(
        [
            *(change(block_seats, each, admin) for each in some),
            *(change(release_seats, each, admin) for each in some),
            *(buy(CustomerFactory(), each[:3]) for each in some),
        ],
        at_once=60,
    )

    assert set(outcomes) <= {"done", "wrong-seat-state", "seats-unavailable"}
    assert outcomes["done"] >= 1
    assert broken_rules() == {}


def test_buyers_of_a_field_get_every_place_that_was_not_taken_off_sale():
    area, admin = field_of(60), new_admin()
    buyers = CustomerFactory.create_batch(50)

    outcomes = run_together(
        [
            *(stand(buyer, area, 1) for buyer in buyers),
            lambda: block_places(area_id=area.pk, quantity=20, by=admin, reason=REASON),
        ],
        at_once=51,
    )
    seats = list(Seat.objects.filter(area=area))

    assert set(outcomes) <= {"done", "not-enough-seats", "too-few-places"}
    held, blocked = states(seats).count("held"), states(seats).count("blocked")
    assert blocked in (0, 20)
    assert held == SeatHold.objects.active().count() <= 60 - blocked
    assert broken_rules() == {}
    left = states(seats).count("available")
    for _ in range(left):
        place_order(customer=CustomerFactory(), showing=area.showing, area=area, quantity=1)
    assert "available" not in states(seats)
