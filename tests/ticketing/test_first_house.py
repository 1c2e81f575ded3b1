"""A session that knew the tables when they were almost empty must not read them whole for ever.

PostgreSQL keeps the plan of each foreign key's check for a session. Of a table that fits on a page,
it reads all rows; of a house that came since, it would read all rows for each row that is written.
"""

from __future__ import annotations

import pytest
from django.db import connection

from tests.factories import AreaFactory, RowFactory, SeatFactory
from tests.ticketing.event_states import new_admin
from ticketing.seating import Rows
from ticketing.services import copy_event, give_seats, import_seat_plan

ROWS = 400
HOUSES = 6  # from the sixth use on a plan is kept
HEADER = "area,row,seat,price,blocked"


def fill(area):
    give_seats(area_id=area.pk, seating=Rows([f"R{n}" for n in range(ROWS)], 2))


def import_plan(area):
    seats = [f"{area.name},R{n},{seat},," for n in range(ROWS) for seat in (1, 2)]
    import_seat_plan(showing_id=area.showing_id, lines=[HEADER, *seats])


def rows_read_whole():
    """How many rows of a house this transaction has read by going through all there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'ticketing_row'"
        )
        (count,) = cursor.fetchone()
    return count


def in_database(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def small_house() -> None:
    """This session keeps plans for a few seats, which the statistics know of."""
    in_database("TRUNCATE ticketing_area CASCADE")  # earlier tests have left empty pages
    for _ in range(HOUSES):
        give_seats(area_id=AreaFactory().pk, seating=Rows(["A"], 1))
    in_database("ANALYZE ticketing_row, ticketing_area")
    for _ in range(HOUSES):
        give_seats(area_id=AreaFactory().pk, seating=Rows(["A"], 1))


@pytest.mark.usefixtures("small_house")
@pytest.mark.parametrize("make", [fill, import_plan])
def test_a_house_of_many_rows_is_not_read_whole_for_each_of_its_seats(make):
    area, before = AreaFactory(), rows_read_whole()

    make(area)

    assert rows_read_whole() - before < 10 * ROWS


@pytest.mark.usefixtures("small_house")
def test_a_house_is_not_read_whole_for_each_seat_of_its_copy():
    area = AreaFactory()
    for label in range(ROWS):
        SeatFactory(row=RowFactory(area=area, label=label))
    before = rows_read_whole()

    copy_event(event_id=area.showing.event_id, title="Again", starts_at=None, by=new_admin())

    assert rows_read_whole() - before < 10 * ROWS
