"""The seat map, and that nobody who keeps it up to date misses a change."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from orders.services import cancel_order
from tests.concurrency.conftest import wait_until_somebody_waits
from tests.factories import AreaFactory, CustomerFactory, placed_order, seats_in_area
from ticketing.models import Seat
from ticketing.seat_map import changed_map
from ticketing.seat_news import look_for_news

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "backup.md"


@pytest.fixture(autouse=True)
def _database(transactional_db):
    """Cursors tell transactions apart, so each change has to be committed."""


def read(showing_id, **query):
    return APIClient().get(f"/api/v1/showings/{showing_id}/seats/", query)


def statuses(seat_map):
    return {
        seat_id: status
        for area in seat_map["areas"]
        for row in area["rows"]
        for seat_id, _, status in row["seats"]
    }


@contextmanager
def held_slowly(seat):
    """Inside, a transaction has held the seat; it commits at the end."""
    started, may_commit = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Seat.objects.filter(pk=seat.pk).update(status="held")
            started.set()
            may_commit.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert started.wait(10)
    yield
    may_commit.set()
    thread.join()


def test_the_map_has_every_seat_with_its_state():
    seats = seats_in_area(3, name="Stalls")
    placed_order(seats[:1])

    answer = read(seats[0].showing_id)

    assert answer.headers["Content-Type"] == "application/json"
    [area] = answer.json()["areas"]
    assert area["name"] == "Stalls"
    [row] = area["rows"]
    assert row["seats"] == [
        [seats[0].pk, seats[0].number, "held"],
        [seats[1].pk, seats[1].number, "available"],
        [seats[2].pk, seats[2].number, "available"],
    ]


def test_a_showing_without_seats_has_an_empty_map():
    answer = read(AreaFactory().showing_id)

    assert answer.json()["areas"] == []


def test_since_gives_only_what_changed():
    seats = seats_in_area(50)
    cursor = read(seats[0].showing_id).json()["cursor"]
    order = placed_order(seats[3:5])

    changed = read(seats[0].showing_id, since=cursor).json()

    assert statuses(changed) == {seats[3].pk: "held", seats[4].pk: "held"}
    cancel_order(order_id=order.pk, by=order.customer)
    freed = read(seats[0].showing_id, since=changed["cursor"]).json()
    assert statuses(freed) == {seats[3].pk: "available", seats[4].pk: "available"}
    assert statuses(read(seats[0].showing_id, since=freed["cursor"]).json()) == {}


def test_a_change_that_commits_late_is_not_missed():
    """The classic hole of "changed since": an older transaction that commits after the read."""
    slow, quick = seats_in_area(2)
    with held_slowly(slow):
        Seat.objects.filter(pk=quick.pk).update(status="held")
        seen = read(slow.showing_id).json()
        assert statuses(seen) == {slow.pk: "available", quick.pk: "held"}

    assert statuses(read(slow.showing_id, since=seen["cursor"]).json())[slow.pk] == "held"


@pytest.mark.parametrize("of_what", ["the whole map", "the changes"])
def test_what_one_reader_was_told_is_not_read_for_the_next(of_what, django_assert_num_queries):
    seats = seats_in_area(3)
    showing_id = seats[0].showing_id
    since = read(showing_id).json()["cursor"] if of_what == "the changes" else "0"
    placed_order(seats[:1])
    with django_assert_num_queries(2):
        first = read(showing_id, since=since)

    with django_assert_num_queries(1):
        second = read(showing_id, since=since)

    assert second.json() == first.json()
    assert statuses(second.json())[seats[0].pk] == "held"


def test_a_reader_with_a_newer_cursor_shares_the_changes_that_are_new_to_both():
    seats, [elsewhere] = seats_in_area(3), seats_in_area(1)
    old = read(seats[0].showing_id).json()["cursor"]
    Seat.objects.filter(pk=elsewhere.pk).update(status="held")
    new = read(seats[0].showing_id, since=old).json()["cursor"]
    placed_order(seats[:1])

    told = [read(seats[0].showing_id, since=since).json() for since in (old, new)]

    assert int(new) > int(old)
    assert told[0] == told[1]


@pytest.mark.parametrize("of_what", ["the whole map", "the changes"])
def test_what_one_reader_was_told_is_not_told_to_the_next_after_a_change(of_what):
    seats = seats_in_area(3)
    showing_id = seats[0].showing_id
    since = read(showing_id).json()["cursor"] if of_what == "the changes" else "0"
    placed_order(seats[:1])
    read(showing_id, since=since)
    placed_order(seats[1:2])

    told = statuses(read(showing_id, since=since).json())

    assert told[seats[0].pk] == told[seats[1].pk] == "held"


def test_a_late_commit_is_told_to_the_next_reader_with_the_same_cursor():
    """The first reader was told of the quick change alone, with the slow one still under way."""
    slow, quick = seats_in_area(2)
    since = read(slow.showing_id).json()["cursor"]
    with held_slowly(slow):
        Seat.objects.filter(pk=quick.pk).update(status="held")
        assert statuses(read(slow.showing_id, since=since).json()) == {quick.pk: "held"}

    both = {slow.pk: "held", quick.pk: "held"}
    assert statuses(read(slow.showing_id, since=since).json()) == both


def test_what_commits_between_the_look_for_news_and_the_reading_is_told():
    """It is older than the first change that was seen, so the map is read from before that one."""
    slow, quick = seats_in_area(2)
    since = int(read(slow.showing_id).json()["cursor"])
    with held_slowly(slow):
        Seat.objects.filter(pk=quick.pk).update(status="held")
        found = look_for_news(slow.showing_id, since=since)

    told = json.loads(changed_map(found).body)

    assert statuses(told) == {slow.pk: "held", quick.pk: "held"}


class Since(int):
    """A cursor that tells when somebody has joined those who ask with it."""

    known = threading.Semaphore(0)

    def __hash__(self):
        self.known.release()
        return super().__hash__()


def test_readers_who_ask_together_are_told_the_news_for_their_own_cursors_by_one_statement():
    [seat] = seats_in_area(1)
    now = int(read(seat.showing_id).json()["cursor"])
    Seat.objects.filter(pk=seat.pk).update(status="held")
    [changed_in] = Seat.objects.values_list("changed_in", flat=True)
    asked = []

    def news_for(since):
        with connection.execute_wrapper(lambda run, *call: asked.append(call) or run(*call)):
            found = look_for_news(seat.showing_id, since=since)
        connection.close()
        return found.since, found.oldest, found.newest

    with ThreadPoolExecutor(4) as threads:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE ticketing_seat IN ACCESS EXCLUSIVE MODE")
            first = threads.submit(news_for, now)
            wait_until_somebody_waits()
            while Since.known.acquire(blocking=False):
                pass
            later = [threads.submit(news_for, Since(each)) for each in (0, now, changed_in + 1)]
            assert all(Since.known.acquire(timeout=10) for _ in later)
        told = [each.result(10) for each in (first, *later)]

    assert len(asked) == 2
    assert told == [
        (now, changed_in, changed_in),
        (0, changed_in, changed_in),
        (now, changed_in, changed_in),
        (changed_in + 1, None, changed_in),
    ]


def test_without_news_there_is_an_empty_map_with_a_cursor(django_assert_num_queries):
    [seat] = seats_in_area(1)
    cursor = read(seat.showing_id).json()["cursor"]

    with django_assert_num_queries(1):
        answer = read(seat.showing_id, since=cursor).json()

    assert answer["showing"] == seat.showing_id
    assert answer["areas"] == []
    assert int(answer["cursor"]) >= int(cursor)


def test_new_and_renamed_seats_are_changes_too():
    [seat] = seats_in_area(1)
    cursor = read(seat.showing_id).json()["cursor"]

    Seat.objects.filter(pk=seat.pk).update(number="12A")

    [[seat_id, number, _]] = read(seat.showing_id, since=cursor).json()["areas"][0]["rows"][0][
        "seats"
    ]
    assert (seat_id, number) == (seat.pk, "12A")


@pytest.mark.parametrize("rename", ["area", "row"])
def test_a_renamed_area_or_row_is_a_change_of_its_seats(rename):
    [seat] = seats_in_area(1)
    answer = read(seat.showing_id)
    thing = getattr(seat, rename)
    setattr(thing, "name" if rename == "area" else "label", "Renamed")
    thing.save()

    assert "Renamed" in str(read(seat.showing_id, since=answer.json()["cursor"]).json())
    assert conditional(seat, answer.headers["ETag"]).status_code == 200


def conditional(seat, etag):
    return APIClient().get(
        f"/api/v1/showings/{seat.showing_id}/seats/", headers={"If-None-Match": etag}
    )


def test_a_reader_with_the_current_map_gets_nothing_again():
    [seat] = seats_in_area(1)
    first = read(seat.showing_id)

    again = conditional(seat, first.headers["ETag"])

    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_reader_with_an_old_map_gets_the_new_one():
    [seat] = seats_in_area(1)
    first = read(seat.showing_id)
    Seat.objects.filter(pk=seat.pk).update(status="held")

    again = conditional(seat, first.headers["ETag"])

    assert again.status_code == 200
    assert statuses(again.json()) == {seat.pk: "held"}
    assert again.headers["ETag"] != first.headers["ETag"]


def test_changes_elsewhere_do_not_make_a_map_new():
    [seat], [other] = seats_in_area(1), seats_in_area(1)
    first = read(seat.showing_id)
    Seat.objects.filter(pk=other.pk).update(status="held")

    assert conditional(seat, first.headers["ETag"]).status_code == 304


@pytest.mark.parametrize("etag", ['"abc"', "*", '"', 'W/"-1"', '"' + "9" * 30 + '"', "nonsense"])
def test_an_etag_that_is_not_ours_gets_the_map(etag):
    [seat] = seats_in_area(1)

    assert statuses(conditional(seat, etag).json()) == {seat.pk: "available"}


def test_a_cursor_of_the_future_gets_the_whole_map():
    """As after a restored backup: the reader knows more than we do, and must start anew."""
    [seat] = seats_in_area(1)

    ahead = read(seat.showing_id, since="999999999999999")

    assert statuses(ahead.json()) == {seat.pk: "available"}


def take_a_backup_into_use(seat):
    """One that was made while the seat was still free; as docs/backup.md wants it."""
    [statement] = re.findall(r'-c "(UPDATE ticketing_seat .+)"', GUIDE.read_text())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ticketing_seat DISABLE TRIGGER seat_note_change")
        cursor.execute("UPDATE ticketing_seat SET status = 'available' WHERE id = %s", [seat.pk])
        cursor.execute("ALTER TABLE ticketing_seat ENABLE TRIGGER seat_note_change")
        cursor.execute(statement)


def test_who_has_read_what_a_backup_has_forgotten_is_told_of_it():
    """The server's transactions go on: no cursor is of the future."""
    [seat] = seats_in_area(1)
    Seat.objects.filter(pk=seat.pk).update(status="held")
    known = read(seat.showing_id)
    assert statuses(known.json()) == {seat.pk: "held"}

    take_a_backup_into_use(seat)

    changes = read(seat.showing_id, since=known.json()["cursor"])
    assert statuses(changes.json()) == {seat.pk: "available"}
    assert conditional(seat, known.headers["ETag"]).status_code == 200


@pytest.mark.parametrize("since", ["", "abc", "-1", "1.5", "9" * 19, "٣", "1 OR 1=1", "\x00"])
def test_a_cursor_that_is_none_is_refused(since):
    [seat] = seats_in_area(1)

    answer = read(seat.showing_id, since=since)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def follow(showing_id, done):
    """What somebody knows who takes changes only, until everything is done."""
    known, cursor, is_last = {}, "0", False
    while not is_last:
        is_last = done.is_set()
        changes = read(showing_id, since=cursor).json()
        known.update(statuses(changes))
        cursor = changes["cursor"]
    return known


def test_readers_who_only_take_changes_end_with_the_same_map():
    seats = seats_in_area(30)
    showing_id = seats[0].showing_id
    done = threading.Event()
    ends = []

    def keep_buying():
        for first in range(0, 30, 3):
            placed_order(seats[first : first + 3], customer=CustomerFactory())
        done.set()
        connection.close()

    def keep_reading():
        ends.append(follow(showing_id, done))
        connection.close()

    threads = [threading.Thread(target=run) for run in (keep_buying, *[keep_reading] * 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    whole = statuses(read(showing_id).json())
    assert ends == [whole] * 3
    assert set(whole.values()) == {"held"}
