"""Which places of a standing field an order gets: the next ones, then what was given back."""

from __future__ import annotations

import pytest
from django.db import connection

from orders.errors import NotEnoughSeats
from orders.services import cancel_order, place_order
from tests.factories import AreaFactory, CustomerFactory, seats_in_area
from ticketing.models import Area, Seat
from ticketing.seating import Places
from ticketing.services import give_seats


@pytest.fixture
def field() -> Area:
    """Six places."""
    return seats_in_area(6, general_admission=True)[0].area


def buy(area, quantity):
    """A new order; the numbers of its places, counted from the first of the field."""
    order = place_order(
        customer=CustomerFactory(), showing=area.showing, area=area, quantity=quantity
    )
    first = Seat.objects.filter(area=area).earliest("id").pk
    return order, [hold.seat_id - first for hold in order.shown_holds]


def free(area):
    return Seat.objects.filter(area=area).available().count()


def touched(area):
    """Each free place, and what last wrote or locked it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, xmin::text, xmax::text FROM ticketing_seat "
            "WHERE area_id = %s AND status = 'available'",
            [area.pk],
        )
        return set(cursor.fetchall())


def test_orders_get_one_place_after_the_other(field):
    assert [buy(field, 2)[1] for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]


def test_places_given_back_are_sold_once_there_are_no_later_ones(field):
    early, _places = buy(field, 2)
    cancel_order(order_id=early.pk, by=early.customer)

    assert [buy(field, 2)[1] for _ in range(3)] == [[2, 3], [4, 5], [0, 1]]
    assert not free(field)


def test_an_order_takes_the_last_place_and_one_that_was_given_back(field):
    early, _places = buy(field, 2)
    buy(field, 3)
    cancel_order(order_id=early.pk, by=early.customer)

    assert buy(field, 2)[1] == [0, 5]
    assert buy(field, 1)[1] == [1]
    assert not free(field)


def test_the_next_round_goes_on_behind_the_last_place_that_was_given_back(field):
    early, _places = buy(field, 3)
    buy(field, 2)
    cancel_order(order_id=early.pk, by=early.customer)
    mixed, places = buy(field, 2)
    assert places == [0, 5]
    cancel_order(order_id=mixed.pk, by=mixed.customer)

    assert [buy(field, 1)[1] for _ in range(3)] == [[1], [2], [5]]


def test_places_that_an_order_does_not_need_stay_free_for_others_meanwhile(field):
    """It would lock them, and whoever comes at the same moment passes over them."""
    early, _places = buy(field, 2)
    cancel_order(order_id=early.pk, by=early.customer)
    before = touched(field)

    assert buy(field, 2)[1] == [2, 3]

    assert touched(field) < before


def test_nothing_is_held_of_too_few_places_wherever_they_are(field):
    early, _places = buy(field, 1)
    buy(field, 4)
    cancel_order(order_id=early.pk, by=early.customer)

    with pytest.raises(NotEnoughSeats) as refusal:
        buy(field, 3)

    assert refusal.value.extra == {"available": 2}
    assert free(field) == 2


def entries_read():
    """How many entries of the indexes of all seats this transaction has read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index "
            "WHERE indrelid = 'ticketing_seat'::regclass"
        )
        (count,) = cursor.fetchone()
    return count


def test_an_order_does_not_look_at_what_was_sold_before():
    """Not even while a long transaction, here the test's, keeps it from being swept away."""
    area = AreaFactory(general_admission=True)
    give_seats(area_id=area.pk, seating=Places(1_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ticketing_seat")
    for _ in range(30):
        buy(area, 2)
    before = entries_read()

    place_order(customer=CustomerFactory(), showing=area.showing, area=area, quantity=2)

    assert entries_read() - before < 30
