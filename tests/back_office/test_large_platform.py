"""A page about one showing costs the same, however many seats the platform has elsewhere."""

from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse

from tests.factories import AreaFactory, EventFactory, ShowingFactory
from ticketing.models import Row, Seat

MOST = 100  # a page may read its ten seats more than once
READ = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables
WHERE relname = 'ticketing_seat'
"""


def house(rows, **event):
    """So many rows of ten seats in a house of its own; the last of them."""
    showing = ShowingFactory(event=EventFactory(**event))
    area = AreaFactory(showing=showing)
    made = Row.objects.bulk_create(Row(area=area, label=f"{n}") for n in range(rows))
    Seat.objects.bulk_create(
        Seat(showing=showing, area=area, row=row, number=f"{n}") for row in made for n in range(10)
    )
    return made[-1]


@pytest.fixture
def rows(db):
    """Ten seats here, thousands elsewhere; nobody has put them in a helpful order."""
    elsewhere = [house(500) for _ in range(4)]
    own, draft = house(1), house(1, draft=True)
    assert len({row.area.showing.event_id for row in [own, draft, *elsewhere]}) == 6
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ticketing_seat, ticketing_row, ticketing_area")
    return own, draft


def seats_read():
    with connection.cursor() as cursor:
        cursor.execute(READ)
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
