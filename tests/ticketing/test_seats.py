from __future__ import annotations

import tracemalloc

import pytest

from tests.factories import AreaFactory, seats_in_area
from tests.ticketing.seating import assert_nothing_was_made, field, made
from ticketing.errors import AreaHasSeats, InvalidSeatPlan, WrongAreaKind
from ticketing.models import Seat
from ticketing.row_labels import spell_out
from ticketing.seating import Places, Rows
from ticketing.services import give_seats


def test_an_area_gets_rows_of_numbered_seats_from_front_to_back():
    area = AreaFactory()

    count = give_seats(area_id=area.pk, seating=Rows(["B", "A"], 11))

    assert count == 22
    numbers = [str(number) for number in range(1, 12)]
    assert made(area) == [f"B/{n}" for n in numbers] + [f"A/{n}" for n in numbers]
    assert set(Seat.objects.values_list("status", "showing")) == {("available", area.showing_id)}


def test_a_field_gets_its_places_in_a_single_row():
    area = field()

    count = give_seats(area_id=area.pk, seating=Places(3))

    assert count == 3
    assert made(area) == ["GA/GA-1", "GA/GA-2", "GA/GA-3"]


def test_rows_of_one_area_leave_other_areas_alone():
    other = seats_in_area(2)[0].area

    give_seats(area_id=AreaFactory(showing=other.showing).pk, seating=Rows(["A"], 3))

    assert other.seats.count() == 2


def test_a_field_has_no_numbered_rows():
    with pytest.raises(WrongAreaKind):
        give_seats(area_id=field().pk, seating=Rows(["A"], 3))

    assert_nothing_was_made()


def test_an_area_of_numbered_seats_has_no_places():
    with pytest.raises(WrongAreaKind):
        give_seats(area_id=AreaFactory().pk, seating=Places(3))

    assert_nothing_was_made()


def test_an_area_gets_its_seats_once():
    numbered, standing = AreaFactory(), field()
    give_seats(area_id=numbered.pk, seating=Rows(["A"], 2))
    give_seats(area_id=standing.pk, seating=Places(2))

    with pytest.raises(AreaHasSeats):
        give_seats(area_id=numbered.pk, seating=Rows(["B"], 2))
    with pytest.raises(AreaHasSeats):
        give_seats(area_id=standing.pk, seating=Places(2))

    assert made(numbered) == ["A/1", "A/2"]
    assert made(standing) == ["GA/GA-1", "GA/GA-2"]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        pytest.param(["A", " "], [2], id="empty"),
        pytest.param(["A", "B", "A", "B"], [3, 4], id="repeated"),
        pytest.param(["A", " A"], [2], id="repeated but for a space"),
        pytest.param(["A" * 21, "B"], [1], id="too long"),
        pytest.param(["A\0"], [1], id="not printable"),
    ],
)
def test_labels_that_name_no_row_are_refused_by_their_position(rows, lines):
    with pytest.raises(InvalidSeatPlan) as refusal:
        give_seats(area_id=AreaFactory().pk, seating=Rows(rows, 1))

    assert [error["line"] for error in refusal.value.extra["errors"]] == lines
    assert_nothing_was_made()


@pytest.mark.parametrize(
    ("rows", "seats"), [([], 5), (["A"], 0), (["A"], -1), (["A", "B"], 100_001)]
)
def test_no_seats_or_too_many_rows_of_them_are_refused(rows, seats):
    with pytest.raises(InvalidSeatPlan):
        give_seats(area_id=AreaFactory().pk, seating=Rows(rows, seats))

    assert_nothing_was_made()


@pytest.mark.parametrize("capacity", [0, -1, 200_001])
def test_no_places_or_too_many_are_refused(capacity):
    with pytest.raises(InvalidSeatPlan):
        give_seats(area_id=field().pk, seating=Places(capacity))

    assert_nothing_was_made()


@pytest.fixture
def memory():
    """The most memory, in bytes, that Python took since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_a_stadium_is_made_in_the_database_without_passing_through_memory(
    memory, django_assert_max_num_queries
):
    stand, standing = AreaFactory(), field()
    rows = [f"R{number}" for number in range(200)]

    with django_assert_max_num_queries(20):
        give_seats(area_id=stand.pk, seating=Rows(rows, 200))
        give_seats(area_id=standing.pk, seating=Places(10_000))

    assert Seat.objects.count() == 50_000
    assert memory() < 4_000_000  # 50,000 seats as objects are over 30 MB


def test_shorthand_for_row_labels_is_spelled_out():
    assert spell_out("A-C,F, 9-11,VIP") == ["A", "B", "C", "F", "9", "10", "11", "VIP"]
    assert spell_out("a-c") == ["a", "b", "c"]


@pytest.mark.parametrize("shorthand", ["C-A", "3-1", "A-3", "3-A", "a-C"])
def test_a_run_of_labels_that_leads_nowhere_is_refused(shorthand):
    with pytest.raises(ValueError, match="goes"):
        spell_out(shorthand)


@pytest.mark.parametrize(
    "shorthand", ["1-999999999", "1-99999999999999999999", ",".join(["1-5000"] * 50)]
)
def test_more_labels_than_any_house_has_are_not_spelled_out(shorthand):
    with pytest.raises(ValueError, match="more than 5000"):
        spell_out(shorthand)
