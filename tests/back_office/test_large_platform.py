"""A page about one showing costs the same, however many seats the platform has elsewhere.

So does making a house, and copying one.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse

from tests.factories import AreaFactory, EventFactory, ShowingFactory
from tests.ticketing.event_states import new_admin
from ticketing.models import Seat
from ticketing.seating import Rows
from ticketing.services import copy_event, give_seats, import_seat_plan

pytestmark = pytest.mark.owner  # for others ANALYZE does nothing, and plans are made by guess

MOST = 100  # a page may read its ten seats more than once
READ = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables
WHERE relname = ANY(%s)
"""


def house(rows, **event):
    """So many rows of ten seats in a house of its own; the last of them."""
    area = AreaFactory(showing=ShowingFactory(event=EventFactory(**event)))
    give_seats(area_id=area.pk, seating=Rows([f"{n}" for n in range(rows)], 10))
    return area.rows.latest("pk")


@pytest.fixture
def rows(db):
    """Ten seats here, thousands elsewhere; nobody has put them in a helpful order."""
    elsewhere = [house(500) for _ in range(4)]
    own, draft = house(1), house(1, draft=True)
    assert len({row.area.showing.event_id for row in [own, draft, *elsewhere]}) == 6
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ticketing_seat, ticketing_row, ticketing_area")
    return own, draft


def seats_read(*tables):
    with connection.cursor() as cursor:
        cursor.execute(READ, [["ticketing_seat", *tables]])
        return cursor.fetchone()[0]


def addresses(row, draft):
    showing = row.area.showing
    return [
        "/",
        f"/api/v1/showings/{showing.pk}/",
        f"/api/v1/showings/{showing.pk}/seats/",
        f"/showings/{showing.pk}/",
        f"/showings/{showing.pk}/?area={row.area_id}&row={row.pk}",
        f"/events/{showing.event.slug}/",
        reverse("admin:ticketing_showing_change", args=[showing.pk]),
        reverse("admin:ticketing_showing_change", args=[showing.pk]) + f"?area={row.area_id}",
        reverse("admin:ticketing_event_change", args=[showing.event_id]),
        reverse("admin:ticketing_event_check_and_publish", args=[draft.area.showing.event_id]),
        reverse("admin:ticketing_showing_areas", args=[draft.area.showing_id]),
    ]


def test_a_page_of_one_showing_reads_no_seats_of_others(rows, boss):
    read = {}
    for address in addresses(*rows):
        before = seats_read()
        assert boss.get(address).status_code == 200, address
        read[address] = seats_read() - before
    assert {address: number for address, number in read.items() if number > MOST} == {}


def copy(row):
    copy_event(event_id=row.area.showing.event_id, title="Again", starts_at=None, by=new_admin())


def fill(row):
    give_seats(area_id=AreaFactory(showing=row.area.showing).pk, seating=Rows("AB", 5))


def import_plan(row):
    seats = [f"New,A,{number},5" for number in range(10)]
    import_seat_plan(showing_id=row.area.showing_id, lines=["area,row,seat,price", *seats])


@pytest.mark.parametrize("make", [copy, fill, import_plan])
def test_a_small_house_is_made_without_reading_large_ones(rows, make):
    made_before = Seat.objects.count()
    before = seats_read("ticketing_row")

    make(rows[1])

    assert seats_read("ticketing_row") - before < MOST
    assert Seat.objects.count() - made_before == 10
