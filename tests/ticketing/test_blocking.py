"""Places are taken off sale and put back: all that were asked for or none, and with a reason."""

from __future__ import annotations

import pytest
from django_fsm_log.models import StateLog

from orders.errors import NotEnoughSeats, SeatsUnavailable
from orders.services import place_order
from tests.factories import (
    AreaFactory,
    CustomerFactory,
    RowFactory,
    SeatFactory,
    ShowingFactory,
    field_of,
    from_now,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.ticketing.event_states import event_in, new_admin, new_member
from ticketing.errors import NotAllowed, ShowingOver, TooFewPlaces, WrongEventState, WrongSeatState
from ticketing.models import Seat
from ticketing.services import block_places, block_seats, release_places, release_seats

REASON = "The orchestra needs more room."


def row_of(count, **area):
    """Free seats with the numbers 1 to `count` in row A of the stalls."""
    row = RowFactory(area=AreaFactory(name="Stalls", **area), label="A")
    return [SeatFactory(row=row, number=str(number)) for number in range(1, count + 1)]


def change(use_case, seats, by=None):
    showing = seats[0].showing
    return use_case(
        showing_id=showing.pk,
        seat_ids=[seat.pk for seat in seats],
        by=by or new_member(showing.event),
        reason=REASON,
    )


def count(use_case, area, quantity):
    by = new_member(area.showing.event)
    return use_case(area_id=area.pk, quantity=quantity, by=by, reason=REASON)


def states(seats):
    found = Seat.objects.in_bulk([seat.pk for seat in seats])
    return [found[seat.pk].status for seat in seats]


def log():
    return StateLog.objects.filter(content_type__model="showing").order_by("pk")


def test_blocked_seats_can_not_be_bought_until_they_are_released():
    seats = row_of(3)

    assert change(block_seats, seats[:2]) == 2

    assert states(seats) == ["blocked", "blocked", "available"]
    with pytest.raises(SeatsUnavailable):
        buy(seats[:1])
    assert change(release_seats, seats[:2]) == 2
    assert states(buy(seats[:1])) == ["held"]


def buy(seats):
    place_order(
        customer=CustomerFactory(),
        showing=seats[0].showing,
        seat_ids=[seat.pk for seat in seats],
    )
    return seats


def test_who_blocked_what_and_why_is_in_the_log():
    seats = row_of(6)
    member = new_member(seats[0].showing.event)

    change(block_seats, [*seats[:3], seats[4]], by=member)
    change(release_seats, seats[:1], by=member)

    blocked, released = log()
    assert (blocked.transition, blocked.by) == ("block_seats", member)
    assert blocked.description == f"{REASON} (Stalls: A 1–3, A 5)"
    assert blocked.content_object == seats[0].showing
    assert (released.transition, released.description) == (
        "release_seats",
        f"{REASON} (Stalls: A 1)",
    )


def test_if_one_seat_is_taken_none_is_blocked_and_it_is_named():
    seats = row_of(4)
    placed_order([seats[1]])
    paid_order([seats[2]])

    with pytest.raises(WrongSeatState) as refusal:
        change(block_seats, seats)

    assert refusal.value.extra["seats"] == [seats[1].pk, seats[2].pk]
    assert "Stalls: A 2–3." in str(refusal.value)
    assert states(seats) == ["available", "held", "sold", "available"]
    assert not log().exists()


def test_if_one_seat_is_not_blocked_none_is_released():
    seats = row_of(3)
    change(block_seats, seats[:2])

    with pytest.raises(WrongSeatState) as refusal:
        change(release_seats, seats)

    assert refusal.value.extra["seats"] == [seats[2].pk]
    assert states(seats) == ["blocked", "blocked", "available"]
    assert log().count() == 1


def test_seats_of_another_showing_are_neither_blocked_nor_named():
    own, foreign = row_of(1), seats_in_area(1, name="Secret box")

    with pytest.raises(WrongSeatState) as refusal:
        change(block_seats, [own[0], *foreign])

    assert "Secret box" not in str(refusal.value)
    assert states([*own, *foreign]) == ["available", "available"]


def test_places_of_a_field_are_taken_off_sale_by_their_number():
    area = field_of(5)

    assert count(block_places, area, 4) == 4

    with pytest.raises(NotEnoughSeats):
        place_order(customer=CustomerFactory(), showing=area.showing, area=area, quantity=2)
    assert count(release_places, area, 3) == 3
    assert sorted(area.seats.values_list("status", flat=True)) == ["available"] * 4 + ["blocked"]
    assert [row.description for row in log()] == [f"{REASON} (Field: 4)", f"{REASON} (Field: 3)"]


@pytest.mark.parametrize(("use_case", "there"), [(block_places, 2), (release_places, 1)])
def test_more_places_than_there_are_change_none(use_case, there):
    area = field_of(3)
    count(block_places, area, 1)
    before = states(area.seats.all())

    with pytest.raises(TooFewPlaces) as refusal:
        count(use_case, area, there + 1)

    assert refusal.value.extra["available"] == there
    assert states(area.seats.all()) == before
    assert log().count() == 1


@pytest.mark.parametrize(
    ("showing", "refusal"),
    [
        pytest.param(lambda: {"event": event_in("cancelled")}, WrongEventState, id="cancelled"),
        pytest.param(
            lambda: {"event": event_in("published", "confirmed")}, WrongEventState, id="a fraud"
        ),
        pytest.param(
            lambda: {"starts_at": from_now(days=-1), "ticket_sale_start": from_now(days=-9)},
            ShowingOver,
            id="past",
        ),
    ],
)
def test_where_nobody_can_go_any_more_nothing_is_blocked_or_released(showing, refusal):
    showing = ShowingFactory(**showing())
    seats, area = row_of(2, showing=showing), field_of(2, showing=showing)
    Seat.objects.filter(pk=seats[1].pk).block()

    for act in (
        lambda: change(block_seats, seats[:1]),
        lambda: change(release_seats, seats[1:]),
        lambda: count(block_places, area, 1),
    ):
        with pytest.raises(refusal):
            act()

    assert states(seats) == ["available", "blocked"]
    assert not log().exists()


@pytest.mark.parametrize("status", ["draft", "published", "postponed"])
def test_seats_are_blocked_before_the_sale_and_while_an_event_is_put_off(status):
    seats = row_of(1, showing=ShowingFactory(event=event_in(status)))

    change(block_seats, seats)

    assert states(seats) == ["blocked"]


def test_only_its_organizer_and_admins_block_seats():
    seats = row_of(1)

    for stranger in (CustomerFactory(is_staff=True), new_member(event_in("published"))):
        with pytest.raises(NotAllowed):
            change(block_seats, seats, by=stranger)

    assert states(seats) == ["available"]
    change(block_seats, seats, by=new_admin())
    assert states(seats) == ["blocked"]


def test_a_stadium_is_blocked_in_few_statements(django_assert_max_num_queries):
    seats = row_of(1)
    row = seats[0].row
    Seat.objects.bulk_create(
        Seat(showing=row.area.showing, area=row.area, row=row, number=f"N{number}")
        for number in range(5_000)
    )
    everything, admin = list(row.seats.all()), new_admin()

    with django_assert_max_num_queries(12):
        assert change(block_seats, everything, by=admin) == 5_001

    assert not row.seats.available().exists()
    assert log().get().description == f"{REASON} (Stalls: A 1–N4999)"
