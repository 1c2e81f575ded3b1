"""A plan from a spreadsheet: sent in, looked at, and made only as it was looked at."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.back_office.workbench import page_of, stored, text_of
from tests.factories import EventFactory, ShowingFactory
from ticketing.models import Area, Seat, SeatPlanUpload

PLAN = """area;row;seat;price;blocked
Khán đài;A;1;500000;
Khán đài;A;2;;yes
Khán đài;A;3;;yes
Khán đài;B;1;;
Ban công;A;1;300000;
"""


@pytest.fixture
def showing(member):
    return ShowingFactory(event=EventFactory(draft=True, organizer=member.user.organizers.get()))


def send(browser, showing, plan=PLAN, name="plan.csv"):
    file = SimpleUploadedFile(name, plan.encode("utf-8-sig"), content_type="text/csv")
    return browser.post(page_of(showing, "plan"), {"plan": file}, follow=True)


def use(browser, showing, looked_at=None):
    looked_at = SeatPlanUpload.objects.get().pk if looked_at is None else looked_at
    return browser.post(page_of(showing, "check_plan"), {"looked_at": looked_at}, follow=True)


def test_a_plan_is_looked_at_before_anything_is_made(member, showing):
    answer = send(member, showing)

    assert answer.redirect_chain[-1][0] == page_of(showing, "check_plan")
    html = re.sub(r"\s+", " ", text_of(answer))
    figures = re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", html)
    assert figures == [("areas", "2"), ("rows", "3"), ("seats", "5"), ("of them blocked", "2")]
    assert "4 seats, 2 blocked" in html
    assert "<td>A</td><td>3</td><td>1 … 3</td>" in html
    assert not Area.objects.exists()


def test_the_plan_is_drawn_with_a_line_for_each_row_and_each_blocked_run(member, showing):
    html = text_of(send(member, showing))

    assert html.count('<svg class="wb-plan"') == 2
    drawn = re.findall(r'<line( class="is-blocked")? x1="(\d+)" x2="(\d+)"', html)
    row_of_three, blocked, one, other = drawn
    assert row_of_three == ("", "30", "47")
    assert blocked == (' class="is-blocked"', "36", "47")
    assert one == other == ("", "30", "35")


def test_a_plan_that_was_looked_at_is_made(member, showing):
    send(member, showing)

    answer = use(member, showing)

    assert "5 seats are made." in text_of(answer)
    assert answer.redirect_chain[-1][0] == page_of(showing, "areas")
    assert Seat.objects.count() == 5
    assert Seat.objects.filter(status="blocked").count() == 2
    assert not SeatPlanUpload.objects.exists()


def test_every_bad_line_is_listed_with_its_number_and_what_to_do(member, showing):
    before = stored()

    answer = send(member, showing, f"{PLAN}Ban công;A;1;;\nBan công;;2;;\nNew;A;1;;\n")

    lines = re.findall(r"<tr><td>(\d+)</td><td>([^<]+)</td></tr>", text_of(answer))
    assert lines == [
        ("7", "This seat was there before."),
        ("8", "The row is missing."),
        ("9", "This area is new: give its price."),
    ]
    assert "Make these seats" not in text_of(answer)
    assert stored() == before


@pytest.mark.parametrize(
    ("plan", "name", "told"),
    [
        ("what is this", "plan.csv", "The first line must be"),
        ("", "plan.csv", "The submitted file is empty."),
        ("area,row,seat\n", "plan.csv", "There are no seats in this plan."),
        (PLAN, "n" * 201 + ".csv", "at most 200 characters"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_with_a_sentence(member, showing, plan, name, told):
    file = SimpleUploadedFile(name, plan.encode())
    before = stored()

    answer = member.post(page_of(showing, "plan"), {"plan": file})

    assert told in text_of(answer)
    assert stored() == before


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\x03\x04", "This is a workbook."),
        (b"area,row,seat\n\xe1\xba,A,1", "CSV UTF-8"),
        (b"," * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
)
def test_what_is_no_text_is_refused_with_advice(member, showing, data, told):
    before = stored()

    answer = member.post(page_of(showing, "plan"), {"plan": SimpleUploadedFile("a.csv", data)})

    assert told in text_of(answer)
    assert stored() == before


def test_a_form_without_a_file_is_asked_again(member, showing):
    for sent in ({}, {"plan": "area,row,seat"}):
        answer = member.post(page_of(showing, "plan"), sent)
        assert "This field is required." in text_of(answer)


def test_names_of_code_are_drawn_as_text(member, showing):
    name = "</text><script>alert(1)</script>"

    html = text_of(send(member, showing, PLAN.replace("Khán đài", name).replace(";B;", ";<b>;")))

    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<td>&lt;b&gt;</td>" in html


def test_another_plan_than_the_one_looked_at_is_not_made(member, showing):
    send(member, showing)
    looked_at = SeatPlanUpload.objects.get().pk
    send(member, showing, PLAN.replace("Ban công", "Circle"))

    answer = use(member, showing, looked_at)

    assert "another plan than you looked at" in text_of(answer)
    assert not Seat.objects.exists()


@pytest.mark.parametrize("looked_at", ["", "0", "none", "9" * 40])
def test_a_plan_that_nobody_looked_at_is_not_made(member, showing, looked_at):
    send(member, showing)

    use(member, showing, looked_at)

    assert not Seat.objects.exists()
    assert SeatPlanUpload.objects.exists()


def test_a_house_that_changed_meanwhile_refuses_the_plan_with_its_lines(member, showing):
    send(member, showing)
    area = {"do": "add_rows", "name": "Ban công", "price": 50000, "rows": "A", "seats_per_row": 1}
    member.post(page_of(showing, "areas"), area)

    html = text_of(use(member, showing))

    assert "<td>6</td><td>This area already has its seats.</td>" in html
    assert "Make these seats" not in html
    assert Seat.objects.count() == 1


def test_without_a_plan_there_is_nothing_to_look_at(member, showing):
    answer = member.get(page_of(showing, "check_plan"), follow=True)

    assert "There is no plan that waits for your look" in text_of(answer)
    assert answer.redirect_chain[-1][0] == page_of(showing, "plan")


def test_each_person_looks_at_the_plan_of_their_own(boss, member, showing):
    send(member, showing)

    answer = boss.get(page_of(showing, "check_plan"))
    used = boss.post(page_of(showing, "check_plan"), {"looked_at": SeatPlanUpload.objects.get().pk})

    assert answer.status_code == used.status_code == 302
    assert not Seat.objects.exists()
