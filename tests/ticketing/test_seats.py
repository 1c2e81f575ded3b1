from __future__ import annotations

import tracemalloc
from decimal import Decimal
from itertools import chain

import pytest
from django.core.management import CommandError, call_command

from tests.factories import AreaFactory, RowFactory, ShowingFactory, seats_in_area
from ticketing.errors import AreaHasSeats, InvalidSeatPlan, WrongAreaKind
from ticketing.models import Area, Row, Seat
from ticketing.row_labels import spell_out
from ticketing.services import generate_places, generate_rows, import_seat_plan

HEADER = "area,row,seat,price,blocked"


def made(area):
    """What an area has, as `A/1`, in the order of the seat ids."""
    seats = Seat.objects.filter(area=area).select_related("row").order_by("id")
    return [f"{seat.row.label}/{seat.number}" for seat in seats]


def assert_nothing_was_made():
    assert not Row.objects.exists()
    assert not Seat.objects.exists()


def field():
    return AreaFactory(general_admission=True)


def test_an_area_gets_rows_of_numbered_seats_from_front_to_back():
    area = AreaFactory()

    count = generate_rows(area_id=area.pk, rows=["B", "A"], seats_per_row=11)

    assert count == 22
    numbers = [str(number) for number in range(1, 12)]
    assert made(area) == [f"B/{n}" for n in numbers] + [f"A/{n}" for n in numbers]
    assert set(Seat.objects.values_list("status", "showing")) == {("available", area.showing_id)}


def test_a_field_gets_its_places_in_a_single_row():
    area = field()

    count = generate_places(area_id=area.pk, capacity=3)

    assert count == 3
    assert made(area) == ["GA/GA-1", "GA/GA-2", "GA/GA-3"]


def test_rows_of_one_area_leave_other_areas_alone():
    other = seats_in_area(2)[0].area

    generate_rows(area_id=AreaFactory(showing=other.showing).pk, rows=["A"], seats_per_row=3)

    assert other.seats.count() == 2


def test_a_field_has_no_numbered_rows():
    with pytest.raises(WrongAreaKind):
        generate_rows(area_id=field().pk, rows=["A"], seats_per_row=3)

    assert_nothing_was_made()


def test_an_area_of_numbered_seats_has_no_places():
    with pytest.raises(WrongAreaKind):
        generate_places(area_id=AreaFactory().pk, capacity=3)

    assert_nothing_was_made()


def test_an_area_gets_its_seats_once():
    numbered, standing = AreaFactory(), field()
    generate_rows(area_id=numbered.pk, rows=["A"], seats_per_row=2)
    generate_places(area_id=standing.pk, capacity=2)

    with pytest.raises(AreaHasSeats):
        generate_rows(area_id=numbered.pk, rows=["B"], seats_per_row=2)
    with pytest.raises(AreaHasSeats):
        generate_places(area_id=standing.pk, capacity=2)

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
        generate_rows(area_id=AreaFactory().pk, rows=rows, seats_per_row=1)

    assert [error["line"] for error in refusal.value.extra["errors"]] == lines
    assert_nothing_was_made()


@pytest.mark.parametrize(
    ("rows", "seats"), [([], 5), (["A"], 0), (["A"], -1), (["A", "B"], 100_001)]
)
def test_no_seats_or_too_many_rows_of_them_are_refused(rows, seats):
    with pytest.raises(InvalidSeatPlan):
        generate_rows(area_id=AreaFactory().pk, rows=rows, seats_per_row=seats)

    assert_nothing_was_made()


@pytest.mark.parametrize("capacity", [0, -1, 200_001])
def test_no_places_or_too_many_are_refused(capacity):
    with pytest.raises(InvalidSeatPlan):
        generate_places(area_id=field().pk, capacity=capacity)

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
        generate_rows(area_id=stand.pk, rows=rows, seats_per_row=200)
        generate_places(area_id=standing.pk, capacity=10_000)

    assert Seat.objects.count() == 50_000
    assert memory() < 4_000_000  # 50,000 seats as objects are over 30 MB


def test_a_plan_makes_areas_rows_and_seats():
    showing = ShowingFactory()

    count = import_seat_plan(
        showing_id=showing.pk,
        lines=[
            "row,area,seat,blocked,price",
            "A,Khán đài,2,,500000",
            "A,Khán đài,1,YES,500000.00",
            "A,Balcony,1,no,0.5",
            "B,Khán đài,1,,",
        ],
    )

    assert count == 4
    stand, balcony = Area.objects.order_by("id")
    assert (stand.name, stand.price, stand.showing) == ("Khán đài", 500_000, showing)
    assert (balcony.name, balcony.price) == ("Balcony", Decimal("0.50"))
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


def test_the_command_makes_rows(capsys):
    area = AreaFactory()

    call_command("generate_seats", area=area.pk, rows="A-Z", seats=20)

    assert capsys.readouterr().out == "Made 520 seats.\n"
    assert area.seats.count() == 520


def test_the_command_makes_a_field():
    area = field()

    call_command("generate_seats", area=area.pk, capacity=100)

    assert area.seats.count() == 100


def test_the_command_reads_a_plan_as_spreadsheets_save_it(tmp_path):
    plan = tmp_path / "plan.csv"
    plan.write_text("area,row,seat,price\r\nKhán đài,A,1,5\r\n", encoding="utf-8-sig")

    call_command("generate_seats", showing=ShowingFactory().pk, csv=plan)

    assert Area.objects.get().name == "Khán đài"
    assert Seat.objects.count() == 1


def test_the_command_tells_what_is_wrong_with_each_line(tmp_path):
    plan = tmp_path / "plan.csv"
    plan.write_text("area,row,seat,price\nStalls,A,,5\nStalls,A,1,x\n")

    with pytest.raises(CommandError, match=r"\n2: The seat is missing.\n3: Write the price like"):
        call_command("generate_seats", showing=ShowingFactory().pk, csv=plan)

    assert_nothing_was_made()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"area": 1},
        {"area": 1, "rows": "A-Z"},
        {"area": 1, "rows": "A", "seats": 5, "capacity": 5},
        {"area": 1, "rows": "Z-A", "seats": 5},
        {"area": 404, "capacity": 5},
        {"showing": 404, "csv": __file__},
        {"showing": 1, "csv": "no such file"},
    ],
)
def test_the_command_refuses_what_it_can_not_do(options):
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]

    with pytest.raises(CommandError):
        call_command("generate_seats", *words)

    assert_nothing_was_made()
