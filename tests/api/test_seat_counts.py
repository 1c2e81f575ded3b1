"""The counts of a showing, which are not counted again for each reader."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from orders.services import cancel_order
from tests.factories import ShowingFactory, placed_order, seats_in_area
from ticketing.models import Event, Seat
from ticketing.seat_counts import count_seats


@pytest.fixture(autouse=True)
def _database(transactional_db):
    """Cursors tell transactions apart, so each change has to be committed."""


def told(seat):
    [area] = APIClient().get(f"/api/v1/showings/{seat.showing_id}/").data["areas"]
    return area["seats"]


def test_every_change_is_counted_at_once():
    seats = seats_in_area(3)
    free = {"available": 3, "held": 0, "sold": 0, "blocked": 0}
    assert told(seats[0]) == free

    order = placed_order(seats[:2])

    assert told(seats[0]) == {**free, "available": 1, "held": 2}
    cancel_order(order_id=order.pk, by=order.customer)
    assert told(seats[0]) == free


def test_what_one_reader_was_told_is_not_counted_for_the_next(django_assert_num_queries):
    [seat] = seats_in_area(1)
    with django_assert_num_queries(4):
        first = told(seat)

    with django_assert_num_queries(3):
        second = told(seat)

    assert second == first


def test_a_change_elsewhere_makes_nobody_count_again(django_assert_num_queries):
    [seat], [elsewhere] = seats_in_area(1), seats_in_area(1)
    told(seat)
    Seat.objects.filter(pk=elsewhere.pk).block()

    with django_assert_num_queries(3):
        told(seat)


def test_seats_of_a_draft_are_counted_for_who_may_see_it():
    [seat] = seats_in_area(1)
    Event.objects.filter(pk=seat.showing.event_id).update(status="draft")

    assert count_seats(seat.showing_id).of_area(seat.area_id) == {"available": 1}


def test_a_showing_without_places_has_no_counts():
    counts = count_seats(ShowingFactory().pk)

    assert counts.by_area == {}
    assert counts.of_area(1) == {}
