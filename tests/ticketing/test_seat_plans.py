"""Seat plans: areas, rows and seats from the lines of a table."""

from __future__ import annotations

from itertools import chain

import pytest

from tests.factories import AreaFactory, RowFactory, ShowingFactory
from tests.ticketing.seating import assert_nothing_was_made, made
from ticketing.errors import InvalidSeatPlan
from ticketing.models import Area, Row, Seat
from ticketing.services import import_seat_plan

HEADER = "area,row,seat,price,blocked"


def test_a_plan_makes_areas_rows_and_seats():
    showing = ShowingFactory()

    count = import_seat_plan(
        showing_id=showing.pk,
        lines=[
            "row,area,seat,blocked,price",
            "A,Khán đài,2,,500000",
            "A,Khán đài,1,YES,500000.00",
            "A,Balcony,1,no,75000.0",
            "B,Khán đài,1,,",
        ],
    )

    assert count == 4
    stand, balcony = Area.objects.order_by("id")
    assert (stand.name, stand.price, stand.showing) == ("Khán đài", 500_000, showing)
    assert (balcony.name, balcony.price) == ("Balcony", 75_000)
    assert made(stand) == ["A/2", "A/1", "B/1"]
    assert made(balcony) == ["A/1"]
    blocked = Seat.objects.get(status="blocked")
    assert (blocked.area, blocked.number) == (stand, "1")


def test_a_plan_fills_an_area_that_is_there_and_empty():
    area = AreaFactory(name="Stalls", price=500_000)

    import_seat_plan(showing_id=area.showing_id, lines=["area,row,seat", "Stalls,A,1"])

    assert Area.objects.get() == area
    assert made(area) == ["A/1"]


def test_one_name_written_in_two_unicode_forms_is_one_area():
    lines = ["area,row,seat,price", "Kha\u0301n,A,1,5", "Khán,A,2,5"]

    import_seat_plan(showing_id=ShowingFactory().pk, lines=lines)

    assert Area.objects.get().name == "Khán"


def bad_lines():
    yield "no area", ",A,1,5,"
    yield "no row", "Stalls,,1,5,"
    yield "no seat", "Stalls,A,,5,"
    yield "too few cells", "Stalls,A"
    yield "too many cells", "Stalls,A,1,5,no,what"
    yield "a long name", f"{'S' * 101},A,1,5,"
    yield "a long row", f"Stalls,{'A' * 21},1,5,"
    yield "a long number", f"Stalls,A,{'1' * 21},5,"
    yield "a NUL", "Stalls,A,\0,5,"
    yield "a price in words", "Stalls,A,1,cheap,"
    yield "a negative price", "Stalls,A,1,-5,"
    yield "half a dong", "Stalls,A,1,60000.50,"
    yield "half a cent", "Stalls,A,1,0.005,"
    yield "no end of money", "Stalls,A,1,1000000000000,"
    yield "infinity", "Stalls,A,1,Infinity,"
    yield "not a number", "Stalls,A,1,NaN,"
    yield "blocked perhaps", "Stalls,A,1,5,perhaps"
    yield "a seat twice", "Circle,A,1,5,"
    yield "two prices of an area", "Circle,A,2,6,"
    yield "an unclosed quote", '"Stalls,A,1,5,'
    yield "a new area without a price", "Stalls,A,1,,"
    yield "a field", "Field,A,1,,"
    yield "an area that has its seats", "Full,A,2,,"
    yield "another price than the area's", "Empty,A,1,4,"


@pytest.mark.parametrize("line", [pytest.param(line, id=name) for name, line in bad_lines()])
def test_a_bad_line_refuses_the_plan_and_is_named(line):
    showing = ShowingFactory()
    full = AreaFactory(showing=showing, name="Full", price=5)
    RowFactory(area=full)
    AreaFactory(showing=showing, name="Empty", price=5)
    AreaFactory(showing=showing, name="Field", price=5, is_general_admission=True)

    with pytest.raises(InvalidSeatPlan) as refusal:
        import_seat_plan(showing_id=showing.pk, lines=[HEADER, "Circle,A,1,5,", line])

    [error] = refusal.value.extra["errors"]
    assert error["line"] == 3
    assert error["message"]
    assert not Seat.objects.exists()
    assert Area.objects.count() == 3
    assert Row.objects.count() == 1


def test_every_bad_line_is_told_at_once():
    lines = [HEADER, "Stalls,A,1,,", "Circle,A,1,5,", "", "Circle,A,1,5,", "Circle,B,,5,"]

    with pytest.raises(InvalidSeatPlan) as refusal:
        import_seat_plan(showing_id=ShowingFactory().pk, lines=lines)

    assert [error["line"] for error in refusal.value.extra["errors"]] == [2, 5, 6]
    assert not Area.objects.exists()
    assert_nothing_was_made()


def test_a_hopeless_plan_is_not_read_to_its_end():
    lines = iter([HEADER, *["what is this"] * 1_000])

    with pytest.raises(InvalidSeatPlan) as refusal:
        import_seat_plan(showing_id=ShowingFactory().pk, lines=lines)

    assert len(refusal.value.extra["errors"]) == 101
    assert sum(1 for _ in lines) > 800
    assert_nothing_was_made()


@pytest.mark.parametrize(
    "header", ["", "area,row", "area,row,seat,colour", "area,row,seat,seat", "Stalls,A,1"]
)
def test_a_plan_without_the_right_first_line_is_refused(header):
    with pytest.raises(InvalidSeatPlan) as refusal:
        import_seat_plan(showing_id=ShowingFactory().pk, lines=[header, "Stalls,A,1,5"])

    assert refusal.value.extra["errors"][0]["message"].startswith("The first line must be")
    assert_nothing_was_made()


@pytest.mark.parametrize("lines", [[], [HEADER], [HEADER, ""]])
def test_a_plan_without_seats_is_refused(lines):
    with pytest.raises(InvalidSeatPlan) as refusal:
        import_seat_plan(showing_id=ShowingFactory().pk, lines=lines)

    assert len(refusal.value.extra["errors"]) == 1
    assert_nothing_was_made()


def test_a_plan_has_an_end(monkeypatch):
    monkeypatch.setattr("ticketing.seat_plan.MOST_SEATS", 2)
    endless = (f"Stalls,A,{number},5," for number in range(10**12))

    with pytest.raises(InvalidSeatPlan) as refusal:
        import_seat_plan(showing_id=ShowingFactory().pk, lines=chain([HEADER], endless))

    assert [error["line"] for error in refusal.value.extra["errors"]] == [4]
    assert_nothing_was_made()


def test_a_large_plan_is_made_in_few_statements(django_assert_max_num_queries):
    showing = ShowingFactory()
    seats = (f"Stalls,R{number // 50},{number},5," for number in range(12_000))

    with django_assert_max_num_queries(14):
        import_seat_plan(showing_id=showing.pk, lines=chain([HEADER], seats))

    assert showing.seats.count() == 12_000
