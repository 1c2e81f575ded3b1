"""Staff give an area another name while its seats are bought and paid for, on real connections."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module

import pytest
from django.db import OperationalError, connection, transaction

from orders.services import place_order
from tests.api.test_seat_map import read
from tests.concurrency.conftest import NOBODY_WAITS_LONGER, closing, wait_until_somebody_waits
from tests.factories import CustomerFactory, placed_order, seats_in_area
from tests.rules import broken_rules
from ticketing.models import Area, Seat

NAMES = import_module("ticketing.migrations.0013_names_on_one_seat")


def rename(area: Area) -> None:
    Area.objects.filter(pk=area.pk).update(name="Renamed")


@contextmanager
def renamed_beside(seats: list[Seat]) -> Iterator[Future[None]]:
    """Somebody renames their area while we have these seats, as who pays for them does."""
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        locked(seats)
        yield others.submit(closing(lambda: rename(seats[0].area)))


def locked(seats: list[Seat], **how: bool) -> list[Seat]:
    wanted = Seat.objects.filter(pk__in=[seat.pk for seat in seats])
    return list(wanted.select_for_update(**how))


def names_since(showing_id: int, cursor: str) -> list[str]:
    return [area["name"] for area in read(showing_id, since=cursor).json()["areas"]]


def test_who_renames_an_area_does_not_wait_for_those_who_pay_for_its_seats():
    seats = seats_in_area(3)
    placed_order(seats[:2])
    cursor = read(seats[0].showing_id).json()["cursor"]

    with renamed_beside(seats[:2]) as renamed:
        renamed.result(timeout=NOBODY_WAITS_LONGER)

    assert names_since(seats[0].showing_id, cursor) == ["Renamed"]
    assert broken_rules() == {}


def test_while_an_area_is_renamed_its_seats_are_sold():
    seats = seats_in_area(4)
    placed_order(seats[:1])
    buy = closing(
        lambda: place_order(
            customer=CustomerFactory(),
            showing=seats[0].showing,
            seat_ids=[seat.pk for seat in seats[1:]],
        )
    )

    with ThreadPoolExecutor(1) as others, transaction.atomic():
        rename(seats[0].area)
        bought = others.submit(buy).result(timeout=NOBODY_WAITS_LONGER)

    assert bought.holds.count() == 3
    assert Area.objects.get().name == "Renamed"
    assert broken_rules() == {}


def test_the_map_tells_a_name_though_all_seats_were_locked():
    """By somebody who gives up what he wanted of them, so that nothing else tells of it."""
    seats = seats_in_area(2)
    cursor = read(seats[0].showing_id).json()["cursor"]

    with renamed_beside(seats) as renamed:
        wait_until_somebody_waits()
    renamed.result()

    assert names_since(seats[0].showing_id, cursor) == ["Renamed"]


@pytest.fixture
def on_every_seat() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(NAMES.ON_EVERY_SEAT)
    yield
    with connection.cursor() as cursor:
        cursor.execute(NAMES.NOTE_NAMES)


@pytest.mark.usefixtures("on_every_seat")
def test_control_with_every_seat_touched_it_waits_with_seats_that_others_want():
    seats = seats_in_area(3)

    with renamed_beside(seats[2:]):
        wait_until_somebody_waits()
        with pytest.raises(OperationalError, match="could not obtain lock"):
            locked(seats[:1], nowait=True)
