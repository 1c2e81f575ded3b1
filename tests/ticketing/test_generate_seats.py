"""The command that makes seats."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from tests.factories import AreaFactory, ShowingFactory
from tests.ticketing.seating import assert_nothing_was_made, field
from ticketing.models import Area, Seat


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


TOO_MUCH = [
    ["--area={area}", "--rows=A-Z", "--seats=5", "--capacity=5"],
    ["--area={area}", "--rows=A-Z", "--seats=5", "--showing={showing}"],
    ["--area={field}", "--capacity=5", "--seats=5"],
    ["--area={field}", "--capacity=5", "--csv={plan}"],
    ["--showing={showing}", "--csv={plan}", "--area={area}"],
    ["--area={area}", "--rows=A-Z"],
    ["--showing={showing}"],
]


@pytest.mark.parametrize("words", TOO_MUCH, ids=" ".join)
def test_what_says_too_much_or_too_little_is_refused_though_all_of_it_is_there(words, tmp_path):
    area = AreaFactory()
    plan = tmp_path / "plan.csv"
    plan.write_text("area,row,seat,price\nCircle,A,1,5\n")
    there = {"area": area.pk, "field": field().pk, "showing": area.showing_id, "plan": plan}

    with pytest.raises(CommandError, match=r"^Give --area with --rows and --seats, "):
        call_command("generate_seats", *(word.format(**there) for word in words))

    assert_nothing_was_made()
    assert Area.objects.count() == 2
