"""Areas are added with their seats, and taken back while nobody can have bought there."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django_fsm_log.models import StateLog

from tests.factories import (
    AreaFactory,
    CustomerFactory,
    EventFactory,
    ShowingFactory,
    seats_in_area,
)
from tests.ticketing.event_states import event_in, new_admin, new_member
from ticketing.errors import InvalidSeatPlan, NotAllowed, WrongEventState
from ticketing.models import Area, Row, Seat, Showing
from ticketing.seating import Places, Rows
from ticketing.services import (
    add_area,
    empty_area,
    give_seats,
    remove_area,
    remove_showing,
)


def draft_showing(**event):
    return ShowingFactory(event=EventFactory(draft=True, **event))


def added(showing, *, name="Stalls", price=Decimal(5_000), seating=None, by=None):
    return add_area(
        showing_id=showing.pk,
        name=name,
        price=price,
        seating=seating or Rows(["A", "B"], 3),
        by=by or new_admin(),
    )


def stored():
    return (
        list(Area.objects.order_by("pk").values()),
        list(Row.objects.order_by("pk").values()),
        Seat.objects.count(),
        Showing.objects.count(),
        StateLog.objects.count(),
    )


def test_an_area_comes_with_its_rows():
    showing = draft_showing()

    area = added(showing, name=" Khán đài ")

    assert (area.name, area.price, area.is_general_admission) == ("Khán đài", 5_000, False)
    assert list(area.rows.order_by("pk").values_list("label", flat=True)) == ["A", "B"]
    assert area.seats.count() == 6


def test_an_area_comes_with_its_places():
    area = added(draft_showing(), seating=Places(40))

    assert area.is_general_admission
    assert area.rows.get().label == "GA"
    assert area.seats.count() == 40


def test_who_made_the_seats_is_noted_with_the_event():
    showing, admin = draft_showing(), new_admin()

    added(showing, by=admin)

    note = StateLog.objects.for_(showing.event).get()
    assert (note.transition, note.by) == ("make_seats", admin)
    assert note.description == "Stalls: 2 rows of 3 seats."


@pytest.mark.parametrize("name", ["", "  ", "S" * 101, "a\0b", "=1+1", "+84", "@SUM(A1)", "a\nb"])
def test_a_name_that_is_none_makes_no_area(name):
    showing = draft_showing()
    before = stored()

    with pytest.raises(InvalidSeatPlan):
        added(showing, name=name)

    assert stored() == before


def test_two_areas_of_a_showing_have_two_names():
    area = AreaFactory(name="Stalls")
    before = stored()

    with pytest.raises(InvalidSeatPlan, match="choose another name"):
        added(area.showing)

    assert stored() == before


@pytest.mark.parametrize(
    "seating",
    [
        Rows([], 5),
        Rows(["A"], 0),
        Rows(["A"], 10**9),
        Rows(["A", "A"], 1),
        Places(0),
        Places(10**9),
    ],
)
def test_no_area_is_made_for_no_seats_or_too_many(seating):
    showing = draft_showing()
    before = stored()

    with pytest.raises(InvalidSeatPlan):
        added(showing, seating=seating)

    assert stored() == before


def test_a_published_event_gets_more_places():
    showing = ShowingFactory()

    assert added(showing, by=new_member(showing.event)).seats.count() == 6


@pytest.mark.parametrize("states", [("cancelled", "none"), ("published", "confirmed")])
def test_an_event_that_is_off_gets_no_more_places(states):
    empty = AreaFactory(showing=ShowingFactory(event=event_in(*states)))
    field = AreaFactory(showing=empty.showing, general_admission=True)
    admin = new_admin()
    before = stored()

    with pytest.raises(WrongEventState, match="does not take place any more"):
        added(empty.showing, by=admin)
    with pytest.raises(WrongEventState):
        give_seats(area_id=empty.pk, seating=Rows(["A"], 1))
    with pytest.raises(WrongEventState):
        give_seats(area_id=field.pk, seating=Places(1))

    assert stored() == before


def test_strangers_change_nothing_in_a_house():
    seat = seats_in_area(1, showing=draft_showing())[0]
    strangers = [new_member(EventFactory()), CustomerFactory()]
    before = stored()

    for stranger in strangers:
        for act in (
            lambda by: added(seat.showing, name="Another", by=by),
            lambda by: give_seats(area_id=seat.area_id, seating=Rows(["A"], 1), by=by),
            lambda by: empty_area(area_id=seat.area_id, by=by),
            lambda by: remove_area(area_id=seat.area_id, by=by),
            lambda by: remove_showing(showing_id=seat.showing_id, by=by),
        ):
            with pytest.raises(NotAllowed):
                act(stranger)

    assert stored() == before


def test_a_draft_gives_its_seats_back_and_gets_others():
    area = added(draft_showing())
    admin = new_admin()

    assert empty_area(area_id=area.pk, by=admin) == 6

    assert (Row.objects.count(), Seat.objects.count()) == (0, 0)
    assert give_seats(area_id=area.pk, seating=Rows(["C"], 4), by=admin) == 4
    steps = StateLog.objects.for_(area.showing.event).order_by("pk")
    assert [step.transition for step in steps] == ["make_seats", "empty_area", "make_seats"]


def test_an_area_of_a_draft_is_removed_and_its_neighbour_stays():
    showing = draft_showing()
    gone, stays = added(showing), added(showing, name="Circle")

    remove_area(area_id=gone.pk, by=new_admin())

    assert Area.objects.get() == stays
    assert Seat.objects.filter(area=stays).count() == Seat.objects.count() == 6


def test_a_showing_of_a_draft_is_removed_with_its_house():
    showing = draft_showing()
    added(showing)
    other = ShowingFactory(event=showing.event)
    told, admin = str(showing), new_admin()

    remove_showing(showing_id=showing.pk, by=admin)

    assert Showing.objects.get() == other
    assert not Area.objects.exists()
    note = StateLog.objects.for_(showing.event).latest("pk")
    assert (note.transition, note.by) == ("remove_showing", admin)
    assert note.description == f"{told}: 6 seats."


@pytest.mark.parametrize("status", ["published", "postponed"])
def test_what_people_may_have_bought_is_not_taken_back(status):
    seat = seats_in_area(1, showing=ShowingFactory(event=event_in(status)))[0]
    admin = new_admin()
    before = stored()

    for act in (
        lambda: empty_area(area_id=seat.area_id, by=admin),
        lambda: remove_area(area_id=seat.area_id, by=admin),
        lambda: remove_showing(showing_id=seat.showing_id, by=admin),
    ):
        with pytest.raises(WrongEventState, match="Only a draft loses places"):
            act()

    assert stored() == before
