"""In the front row one of ten is first, and a seat with two owners would be noticed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.db import connection

from benchmarks import front_row
from orders.models import SeatHold
from tests.factories import placed_order, seats_in_area


def wishes(house, pairs, count):
    make = front_row.requests(house, pairs, ["a-token", "another"])
    bodies = [make().split(b"\r\n\r\n")[1] for _ in range(count)]
    return [json.loads(body)["seats"] for body in bodies]


def test_ten_customers_want_the_same_two_seats_before_anybody_wants_others(house):
    asked = wishes(house, front_row.rush([[1, 2], [3, 4]]), 2 * front_row.FANS)

    assert asked == [[1, 2]] * front_row.FANS + [[3, 4]] * front_row.FANS


def test_nobody_races_with_latecomers_for_the_seats_that_are_left(house):
    asked = wishes(house, front_row.latecomers([[1, 2], [3, 4], [5, 6]]), 1 + 2 * front_row.FANS)

    lost = [[1, 2]] * (front_row.FANS - 1)
    assert asked == [[1, 2], [3, 4], *lost, [5, 6], *lost]


def test_a_stadium_that_does_not_last_is_no_result(house):
    with pytest.raises(RuntimeError, match="sold out"):
        wishes(house, front_row.rush([[1, 2]]), front_row.FANS + 1)


def test_pairs_begin_in_the_middle_of_the_front_row(house):
    found = connection.connection.execute(front_row.PAIRS, [house.stadium, house.stadium])
    numbers = "SELECT string_agg(number, '+' ORDER BY id) FROM ticketing_seat WHERE id = ANY(%s)"
    with connection.cursor() as cursor:
        pairs = []
        for (pair,) in found.fetchall():
            cursor.execute(numbers, [pair])
            pairs += cursor.fetchone()

    assert pairs == ["3+4", "1+2", "5+6"] * 2


def test_an_order_that_lost_a_seat_is_told(house):
    order = placed_order(seats_in_area(2))
    house = replace(house, stadium=order.showing_id)
    assert front_row.double_sales(connection.connection, house) == []

    SeatHold.objects.filter(pk=order.holds.first().pk).update(status="released")

    assert front_row.double_sales(connection.connection, house) == [
        "Front row: 1 orders for two have 1 holds on 1 seats."
    ]
