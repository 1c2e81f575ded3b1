"""What is kept of a house's seats, and for whom."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from ticketing.seat_news import Kept, News


@dataclass(frozen=True)
class Reading:
    cursor: int
    size: int = 1


def news(showing_id=1, *, newest=9):
    return News(showing_id=showing_id, since=0, cursor=20, oldest=5, newest=newest)


def test_what_is_kept_is_let_go_when_it_is_too_large():
    kept = Kept(most_bytes=10)
    kept.changes(news(1), lambda: Reading(10, size=5), first=0)
    kept.changes(news(2), lambda: Reading(10, size=5), first=0)
    assert kept.find(news(1), first=0)

    kept.changes(news(3), lambda: Reading(10, size=1), first=0)

    assert [kept.find(news(showing_id), first=0) for showing_id in (1, 2, 3)] == [None] * 3


def test_what_takes_the_place_of_another_does_not_count_twice():
    kept = Kept(most_bytes=10)

    for newest in (9, 19, 29):
        kept.whole(news(newest=newest), lambda: Reading(newest + 1, size=5))  # noqa: B023

    assert kept.find(News(1, since=0, cursor=30, oldest=5, newest=29), first=0) == Reading(30, 5)


@pytest.mark.parametrize("cursor", [9, 21])
def test_a_reading_older_than_the_news_or_ahead_of_them_is_not_given(cursor):
    """Ahead are those that were made before a backup was restored."""
    kept = Kept(most_bytes=10)

    kept.whole(news(), lambda: Reading(cursor))

    assert kept.find(news(), first=0) is None


class SlowReading:
    """Readings that take as long as the test wants."""

    def __init__(self, *cursors):
        self.cursors = list(cursors)
        self.begun, self.may_end = threading.Semaphore(0), threading.Event()

    def __call__(self):
        reading = Reading(self.cursors.pop(0))
        self.begun.release()
        assert self.may_end.wait(10)
        return reading


def ask_together(kept, read, knowing):
    """What each gets who asks while the first one is still reading."""
    given = {}

    def ask(place):
        given[place] = kept.whole(knowing[place], read)

    threads = [threading.Thread(target=ask, args=[place]) for place in range(len(knowing))]
    threads[0].start()
    assert read.begun.acquire(timeout=10)
    for thread in threads[1:]:
        thread.start()
    read.may_end.set()
    for thread in threads:
        thread.join(10)
    return [given[place] for place in range(len(knowing))]


def test_one_reads_for_all_who_want_the_whole_at_the_same_time():
    read = SlowReading(10)

    given = ask_together(Kept(most_bytes=10), read, [news()] * 6)

    assert given == [Reading(10)] * 6
    assert read.cursors == []


def test_who_knows_of_a_later_change_reads_anew():
    read = SlowReading(10, 13)

    given = ask_together(Kept(most_bytes=10), read, [news(newest=9), news(newest=12)])

    assert given == [Reading(10), Reading(13)]


class Outdated:
    """A reading of long ago, which tells whenever somebody looks at it."""

    size = 1

    def __init__(self):
        self.looked_at = threading.Semaphore(0)

    @property
    def cursor(self):
        self.looked_at.release()
        return 1


def test_two_read_for_all_while_a_long_transaction_holds_every_cursor_back():
    """Whoever asked while the first was reading is content with what was begun after that."""
    kept, outdated, read = Kept(most_bytes=10), Outdated(), SlowReading(9, 9)
    kept.whole(news(), lambda: outdated)
    given = []
    threads = [
        threading.Thread(target=lambda: given.append(kept.whole(news(), read))) for _ in range(6)
    ]
    threads[0].start()
    assert read.begun.acquire(timeout=10)
    while outdated.looked_at.acquire(blocking=False):
        pass
    for thread in threads[1:]:
        thread.start()
        assert outdated.looked_at.acquire(timeout=10)

    read.may_end.set()
    for thread in threads:
        thread.join(10)

    assert given == [Reading(9)] * 6
    assert read.cursors == []


def test_what_was_kept_before_is_not_taken_for_what_another_has_just_read():
    """As after a restored backup, when the one who was reading fails."""
    kept = Kept(most_bytes=10)
    kept.whole(news(newest=25), lambda: Reading(30))

    assert kept.whole(news(newest=9), lambda: Reading(10)) == Reading(10)
