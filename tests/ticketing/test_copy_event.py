"""A copy has the house of the original, on other dates, and nothing of what was sold."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django_fsm_log.models import StateLog

from tests.factories import (
    AreaFactory,
    EventFactory,
    RowFactory,
    SeatFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.ticketing.event_states import event_in, new_admin, new_member
from ticketing.errors import NotAllowed, WrongDates
from ticketing.invariants import violations
from ticketing.models import Area, Event, Row, Seat, Showing
from ticketing.seating import Rows
from ticketing.services import copy_event, give_seats

NEXT_YEAR = from_now(days=365).replace(microsecond=0)


def copied(event, *, title="Once more", starts_at=NEXT_YEAR, by=None):
    return copy_event(event_id=event.pk, title=title, starts_at=starts_at, by=by or new_admin())


def house_of(event):
    """Areas, rows and seats in the order in which they are shown, and how they stand."""
    seats = Seat.objects.filter(showing__event=event).order_by("id")
    names = ("area__name", "area__price", "area__is_general_admission", "row__label", "number")
    return list(seats.values_list(*names, "status"))


def test_a_copy_is_a_draft_with_the_words_of_the_original():
    event = EventFactory(
        title="Đêm nhạc", description="Songs.", venue="Hà Nội", auto_approve_refund=True
    )

    made = copied(event, title="Đêm nhạc 2")

    assert made.pk != event.pk
    assert (made.title, made.slug, made.status) == ("Đêm nhạc 2", "dem-nhac-2", "draft")
    assert (made.organizer, made.description, made.venue) == (event.organizer, "Songs.", "Hà Nội")
    assert made.auto_approve_refund


def test_areas_rows_and_seats_come_along_in_their_order():
    showing = ShowingFactory()
    circle = AreaFactory(showing=showing, name="Circle", price=Decimal("300000.50"))
    for label in ("B", "A"):
        row = RowFactory(area=circle, label=label)
        SeatFactory(row=row, number="2")
        SeatFactory(row=row, number="1")
    seats_in_area(3, showing=showing, general_admission=True)

    made = copied(showing.event)

    assert house_of(made) == house_of(showing.event)
    assert [row[3:5] for row in house_of(made)][:4] == [
        ("B", "2"), ("B", "1"), ("A", "2"), ("A", "1")
    ]  # fmt: skip
    assert sum(violations().values()) == 0


def test_nothing_of_a_copy_is_sold_and_what_is_blocked_stays_blocked():
    sold, held, blocked, _ = seats_in_area(4)
    paid_order([sold])
    placed_order([held])
    Seat.objects.filter(pk=blocked.pk).block()

    made = copied(sold.showing.event)

    statuses = [row[-1] for row in house_of(made)]
    assert statuses == ["available", "available", "blocked", "available"]
    assert [row[-1] for row in house_of(sold.showing.event)] == [
        "sold", "held", "blocked", "available"
    ]  # fmt: skip


def test_all_times_move_with_the_first_showing():
    first = ShowingFactory()
    second = ShowingFactory(event=first.event, starts_at=first.starts_at + timedelta(days=1))

    made = copied(first.event)

    shift = NEXT_YEAR - first.starts_at
    new_first, new_second = Showing.objects.filter(event=made).order_by("starts_at")
    for old, new in ((first, new_first), (second, new_second)):
        for name in ("starts_at", "ends_at", "ticket_sale_start", "ticket_sale_end"):
            assert getattr(new, name) == getattr(old, name) + shift, name


def test_the_clock_at_the_house_shows_the_same_hour_after_it_was_put_forward():
    berlin = ZoneInfo("Europe/Berlin")
    winter = datetime(NEXT_YEAR.year, 1, 15, 20, tzinfo=berlin)
    showing = ShowingFactory(
        starts_at=winter, time_zone="Europe/Berlin", ticket_sale_start=winter - timedelta(days=9)
    )

    made = copied(showing.event, starts_at=datetime(NEXT_YEAR.year, 7, 15, 20, tzinfo=berlin))

    new = Showing.objects.get(event=made)
    assert f"{new.starts_at.astimezone(berlin):%m-%d %H:%M %Z}" == "07-15 20:00 CEST"
    assert new.ends_at - new.starts_at == showing.ends_at - showing.starts_at
    assert f"{new.ticket_sale_end.astimezone(berlin):%m-%d %H:%M %Z}" == "07-15 19:00 CEST"


def test_an_event_without_showings_is_copied_without_dates():
    assert not copied(EventFactory(), starts_at=None).showings.exists()


def test_copies_of_one_title_have_addresses_of_their_own():
    event = EventFactory()

    slugs = [copied(event, title="Twice").slug for _ in range(3)]

    assert slugs == ["twice", "twice-2", "twice-3"]


def test_a_title_without_letters_has_an_address_all_the_same():
    assert copied(EventFactory(), title="!!!").slug == "event"


def test_it_is_noted_who_made_the_copy_and_of_what():
    event, admin = EventFactory(title="Original"), new_admin()

    made = copied(event, by=admin)

    note = StateLog.objects.for_(made).get()
    assert (note.transition, note.by, note.state) == ("copy", admin, "draft")
    assert note.description == f"A copy of Original ({event.slug})."


def test_a_member_copies_what_its_own_organizer_runs():
    event = EventFactory()

    assert copied(event, by=new_member(event)).organizer == event.organizer


def test_nobody_copies_the_events_of_others():
    event, stranger = EventFactory(), new_member(EventFactory())

    with pytest.raises(NotAllowed):
        copied(event, by=stranger)

    assert Event.objects.count() == 2


@pytest.mark.parametrize("days", [-1, 0, 4_000])
def test_a_copy_lies_ahead_and_not_too_far(days):
    showing = ShowingFactory()

    with pytest.raises(WrongDates, match="ten years"):
        copied(showing.event, starts_at=from_now(days=days))

    assert Event.objects.get() == showing.event


def test_a_cancelled_event_can_be_tried_again():
    event = event_in("cancelled")
    seats_in_area(2, showing=ShowingFactory(event=event))

    made = copied(event)

    assert made.status == "draft"
    assert len(house_of(made)) == 2


def stadium():
    """Two showings with 100 rows of 125 seats."""
    event = EventFactory()
    for _ in range(2):
        area = AreaFactory(showing=ShowingFactory(event=event))
        give_seats(area_id=area.pk, seating=Rows([f"R{n}" for n in range(100)], 125))
    return event


def test_a_stadium_is_copied_in_the_database(django_assert_max_num_queries):
    event, admin = stadium(), new_admin()
    tracemalloc.start()

    with django_assert_max_num_queries(15):
        copied(event, by=admin)

    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (Area.objects.count(), Row.objects.count(), Seat.objects.count()) == (4, 400, 50_000)
    assert most < 4_000_000  # 25,000 seats as objects are over 15 MB


def test_a_stadium_is_copied_at_once_although_statistics_call_the_tables_empty():
    """They do once they were taken while all rows were dead: a plan for none takes minutes."""
    event = stadium()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET relpages = 1, reltuples = 0 WHERE oid = ANY(%s::regclass[])",
            [[model._meta.db_table for model in (Area, Row, Seat)]],
        )
        cursor.execute("SET LOCAL statement_timeout = '20s'")

    copied(event)

    assert Seat.objects.count() == 50_000
