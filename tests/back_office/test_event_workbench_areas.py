"""Areas and seats by form: made, filled, taken back, and refused with a reason."""

from __future__ import annotations

import pytest

from tests.back_office.workbench import page_of, stored, text_of
from tests.factories import AreaFactory, EventFactory, ShowingFactory, placed_order, seats_in_area
from tests.ticketing.event_states import event_in
from ticketing.models import Area, Seat, Showing

ROWS = {"do": "add_rows", "name": "Stalls", "price": "500000", "rows": "A-C,F",
        "seats_per_row": "20"}  # fmt: skip
PLACES = {"do": "add_places", "name": "Field", "price": "200000", "capacity": "300"}


@pytest.fixture
def showing(member):
    """A showing of a draft of the member's organizer."""
    return ShowingFactory(event=EventFactory(draft=True, organizer=member.user.organizers.get()))


def send(browser, showing, fields, **more):
    return browser.post(page_of(showing, "areas"), {**fields, **more}, follow=True)


def test_an_area_of_numbered_seats_is_added(member, showing):
    answer = send(member, showing, ROWS)

    area = Area.objects.get()
    assert (area.name, area.price, area.is_general_admission) == ("Stalls", 500_000, False)
    assert list(area.rows.order_by("pk").values_list("label", flat=True)) == ["A", "B", "C", "F"]
    assert area.seats.count() == 80
    html = text_of(answer)
    assert "Stalls is there with 80 seats." in html
    assert "80 seats in 4 rows" in html


def test_places_without_numbers_are_added(member, showing):
    send(member, showing, PLACES)

    area = Area.objects.get()
    assert area.is_general_admission
    assert area.price == 200_000
    assert area.seats.count() == 300


@pytest.mark.parametrize(
    ("area", "form", "count"),
    [
        ({"is_general_admission": False}, {"rows": "1-3", "seats_per_row": "5"}, 15),
        ({"is_general_admission": True}, {"capacity": "7"}, 7),
    ],
)
def test_an_area_without_seats_is_filled(member, showing, area, form, count):
    area = AreaFactory(showing=showing, **area)

    send(member, showing, form, do="fill", area=area.pk)

    assert area.seats.count() == count


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"rows": "Z-A"}, "Z-A goes backwards."),
        ({"rows": "A-9"}, "from one kind of label to another"),
        ({"rows": "A,A"}, "Row A was there before."),
        ({"rows": "A,,B"}, "The row is missing."),
        ({"rows": "1-1000000000"}, "more than 5000 labels"),
        ({"rows": "A" * 21}, "at most 20 printable characters"),
        ({"rows": "=1+1"}, "like a formula"),
        ({"rows": "A\0"}, "Null characters"),
        ({"rows": "1-5000", "seats_per_row": "200000"}, "between 1 and 200000 seats"),
        ({"seats_per_row": "0"}, "greater than or equal to 1"),
        ({"seats_per_row": "1000000000"}, "less than or equal to 200000"),
        ({"seats_per_row": "9" * 5000}, "Enter a whole number"),
        ({"seats_per_row": "many"}, "Enter a whole number"),
        ({"name": ""}, "This field is required."),
        ({"name": "S" * 101}, "at most 100 characters"),
        ({"name": "@SUM(1)"}, "like a formula"),
        ({"price": "-1"}, "greater than or equal to 0"),
        ({"price": "NaN"}, "Enter a number."),
        ({"price": "1e30"}, "no more than"),
        ({"price": "0.001"}, "no more than 2 decimal places"),
        ({"price": ""}, "This field is required."),
        ({"price": "500"}, "costs between 5,000 and 99,999,999 VND"),
        ({"price": "200000.50"}, "in whole dong"),
        ({"price": "999999999999"}, "costs between 5,000 and 99,999,999 VND"),
    ],
)
def test_a_form_with_a_mistake_comes_back_with_the_reason(member, showing, wrong, told):
    before = stored()

    answer = send(member, showing, ROWS, **wrong)

    assert answer.status_code == 200
    assert told in text_of(answer)
    assert stored() == before


def test_what_was_typed_is_still_there_beside_the_mistake(member, showing):
    html = text_of(send(member, showing, ROWS, rows="Z-A"))

    assert 'value="Stalls"' in html
    assert 'value="Z-A"' in html


def test_two_areas_of_one_name_are_refused(member, showing):
    send(member, showing, ROWS)
    before = stored()

    assert "choose another name" in text_of(send(member, showing, PLACES, name="Stalls"))
    assert stored() == before


def test_names_of_code_are_shown_as_text(member, showing):
    send(member, showing, ROWS, name="<img src=x onerror=alert(1)>")

    for page in (page_of(showing, "areas"), page_of(showing), page_of(showing.event)):
        assert "<img src=x" not in text_of(member.get(page))
    assert "&lt;img src=x" in text_of(member.get(page_of(showing, "areas")))


def test_seats_and_areas_of_a_draft_are_taken_back(member, showing):
    send(member, showing, ROWS)
    area = Area.objects.get()

    send(member, showing, {"do": "empty", "area": area.pk})
    assert Seat.objects.count() == 0
    assert Area.objects.get() == area

    send(member, showing, {"do": "remove", "area": area.pk})
    assert not Area.objects.exists()


def test_a_showing_of_a_draft_is_removed_after_a_question(member, showing):
    send(member, showing, ROWS)
    page = page_of(showing, "remove_showing")

    assert "goes with all its areas and seats" in text_of(member.get(page))
    assert Showing.objects.exists()
    answer = member.post(page)

    assert answer.headers["Location"] == page_of(showing.event)
    assert not Showing.objects.exists()


@pytest.mark.parametrize("deed", ["empty", "remove"])
def test_a_published_event_keeps_its_places_and_says_why(member, deed):
    showing = ShowingFactory(event=EventFactory(organizer=member.user.organizers.get()))
    order = placed_order(seats_in_area(2, showing=showing))
    area = Area.objects.get()
    before = stored()

    page = text_of(member.get(page_of(showing, "areas")))
    answer = send(member, showing, {"do": deed, "area": area.pk})
    removed = member.post(page_of(showing, "remove_showing"), follow=True)

    assert "Only a draft loses places" in page
    assert "Remove the area" not in page
    for refused in (answer, removed):
        assert "people may have bought there" in text_of(refused)
    assert stored() == before
    assert order.holds.count() == 2


def test_areas_of_another_showing_do_not_exist_here(member, showing):
    elsewhere = AreaFactory()
    before = stored()

    for area in (elsewhere.pk, "", "none", "1e9", "9" * 30, "²"):
        for deed in ("empty", "remove", "fill"):
            answer = send(member, showing, {"do": deed, "area": area, "capacity": 5})
            assert answer.status_code == 404, (deed, area)
    assert stored() == before


def test_a_deed_that_is_none_does_nothing(member, showing):
    before = stored()

    for fields in ({}, {"do": ""}, {"do": "drop"}, {"do": "__class__"}):
        assert send(member, showing, fields).status_code == 200
    assert stored() == before


def test_others_and_support_see_no_forms(stranger, showing):
    before = stored()

    for page in ("areas", "plan", "check_plan", "remove_showing"):
        assert stranger.get(page_of(showing, page)).status_code == 404
        assert stranger.post(page_of(showing, page), ROWS).status_code == 404
    assert stored() == before


def test_an_event_that_is_off_gets_no_areas(boss):
    showing = ShowingFactory(event=event_in("cancelled"))
    before = stored()

    assert boss.post(page_of(showing, "areas"), ROWS).status_code == 403
    assert stored() == before


def test_the_page_of_a_showing_makes_no_area_that_nobody_could_pay_for(member, showing):
    areas = {"areas-TOTAL_FORMS": 1, "areas-INITIAL_FORMS": 0, "areas-0-id": "",
             "areas-0-showing": showing.pk, "areas-0-name": "Stalls",
             "areas-0-price": "500"}  # fmt: skip
    times = {"starts_at": "2099-03-05T20:00", "ends_at": "2099-03-05T22:00",
             "time_zone": "Asia/Ho_Chi_Minh"}  # fmt: skip

    answer = member.post(page_of(showing), {**times, **areas})

    assert "costs between 5,000 and 99,999,999 VND" in text_of(answer)
    assert not Area.objects.exists()


def test_an_area_with_seats_does_not_change_its_kind(member, showing):
    seat = seats_in_area(2, showing=showing)[0]
    seats_in_area(2, showing=showing)
    areas = {"areas-TOTAL_FORMS": 1, "areas-INITIAL_FORMS": 1, "areas-0-id": seat.area_id,
             "areas-0-showing": showing.pk, "areas-0-name": "Renamed", "areas-0-price": "7",
             "areas-0-is_general_admission": "on"}  # fmt: skip
    times = {"starts_at": "2099-03-05T20:00", "ends_at": "2099-03-05T22:00",
             "time_zone": "Asia/Ho_Chi_Minh"}  # fmt: skip

    assert member.post(page_of(showing), {**times, **areas}).status_code == 302

    area = Area.objects.get(pk=seat.area_id)
    assert (area.name, area.is_general_admission) == ("Renamed", False)


def test_the_page_of_a_showing_gives_no_area_the_name_of_another(member, showing):
    stalls, circle = (AreaFactory(showing=showing, name=name) for name in ("Stalls", "Circle"))
    areas = {"areas-TOTAL_FORMS": 2, "areas-INITIAL_FORMS": 2,
             "areas-0-id": stalls.pk, "areas-0-showing": showing.pk, "areas-0-name": "Circle",
             "areas-1-id": circle.pk, "areas-1-showing": showing.pk,
             "areas-1-name": "Stalls"}  # fmt: skip
    times = {"starts_at": "2099-03-05T20:00", "ends_at": "2099-03-05T22:00",
             "time_zone": "Asia/Ho_Chi_Minh"}  # fmt: skip
    before = stored()

    answer = member.post(page_of(showing), {**times, **areas})

    assert "This showing has an area Circle already: choose another name." in text_of(answer)
    assert stored() == before
