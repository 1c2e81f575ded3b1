"""Whether what was read about a showing's seats is still right, without reading them again.

A cursor is the oldest transaction that was still running when something was read. Whatever that
reader has not seen was changed by that transaction or a later one, so `changed_in >= cursor` misses
nothing, whenever others commit. It may repeat a change; it never skips one.

So each process keeps what it has read last: many want the same, and looking for news takes
PostgreSQL a hundredth of the time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from jobs.prepared import fetch_all
from ticketing.together import Together

CURSOR = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

# The oldest and the newest change are found at the two ends of a stretch of the index. Each cursor
# is looked for by itself and answered in its place, so that one statement does for many readers.
NEWS = f"""
SELECT {CURSOR},
    (SELECT max(changed_in) FROM ticketing_seat WHERE showing_id = showing.id),
    ARRAY(
        SELECT (SELECT min(changed_in) FROM ticketing_seat
            WHERE showing_id = showing.id AND changed_in >= since)
        FROM unnest(%(sinces)s::bigint[]) WITH ORDINALITY AS asked (since, place) ORDER BY place)
FROM ticketing_showing showing JOIN ticketing_event event ON event.id = showing.event_id
WHERE showing.id = %(showing)s AND event.status <> 'draft'
"""


@dataclass(frozen=True)
class News:
    """What there is for a reader with the cursor `since`."""

    showing_id: int
    since: int
    cursor: int
    oldest: int | None
    """The first change that the reader has not seen, if there is any."""
    newest: int | None
    """The last change of all."""

    @property
    def is_cursor_ours(self) -> bool:
        """False for one that was never issued, as after a restored backup."""
        return self.since <= self.cursor

    @property
    def is_unchanged(self) -> bool:
        return self.is_cursor_ours and self.oldest is None


_together = Together[int, dict[int, News]]()


def look_for_news(showing_id: int, *, since: int) -> News | None:
    """Compare a reader's cursor with all changes; None if there is no such public showing.

    What it says was looked up after it was called, perhaps by another thread for this one as well:
    of the many who watch a house sell out, each process has one ask at a time. Call it outside of
    transactions.
    """

    def look(sinces: Collection[int]) -> dict[int, News]:
        return _look(showing_id, list(sinces))

    return _together.ask(showing_id, since, look).get(since)


def _look(showing_id: int, sinces: list[int]) -> dict[int, News]:
    """The news for each of these cursors."""
    rows = fetch_all(NEWS, {"showing": showing_id, "sinces": sinces})
    return {
        since: News(showing_id, since, cursor, oldest, newest)
        for cursor, newest, all_oldest in rows
        for since, oldest in zip(sinces, all_oldest, strict=True)
    }


class Reading(Protocol):
    """Something that was read about seats."""

    @property
    def cursor(self) -> int: ...

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        ...


Read = TypeVar("Read", bound=Reading)


class Kept(Generic[Read]):
    """Readings by showing and the first change that they tell. Threads may share it.

    All are let go when they are larger than `most_bytes` together.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._readings: dict[tuple[int, int], Read] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self._together = Together[News, Read]()

    def whole(self, news: News, read: Callable[[], Read]) -> Read:
        """What is kept of all seats if it tells all that `news` knows of, else what `read` gives.

        Of those who want it at the same time one reads and the others wait: while a house sells,
        every reader finds it changed. What was begun after these news tells all of them, even if
        its cursor, held back by a long transaction, does not show it.
        """

        def find_out(all_news: Collection[News]) -> Read:
            return self._find_for(all_news) or self._read(news, read, first=0)

        return self.find(news, first=0) or self._together.ask(news.showing_id, news, find_out)

    def changes(self, news: News, read: Callable[[], Read], *, first: int) -> Read:
        """The same for what changed since `first`.

        Nobody waits for others here: what they read later than these news may begin after a change
        that this reader has not seen.
        """
        return self.find(news, first=first) or self._read(news, read, first=first)

    def find(self, news: News, *, first: int) -> Read | None:
        """A reading from this change on that tells all that `news` knows of.

        One whose cursor is ahead of the news was made before a backup was restored.
        """
        # Without the lock: whichever reading a thread finds here is whole, and checked below.
        kept = self._readings.get((news.showing_id, first))
        return kept if kept and _tells(kept, news) and kept.cursor <= news.cursor else None

    def _find_for(self, all_news: Collection[News]) -> Read | None:
        """What one who has read meanwhile left for all of them."""
        found = [self.find(news, first=0) for news in all_news]
        return found[0] if all(found) else None

    def _read(self, news: News, read: Callable[[], Read], *, first: int) -> Read:
        fresh = read()
        with self._lock:
            # It may be newer than ours. That costs somebody a reading, and nobody sees what is old.
            replaced = self._readings.get((news.showing_id, first))
            self._readings[news.showing_id, first] = fresh
            self._bytes += fresh.size - (replaced.size if replaced else 0)
            if self._bytes > self._most_bytes:
                self._readings.clear()
                self._bytes = 0
        return fresh


def _tells(reading: Reading, news: News) -> bool:
    """Nothing that a reading leaves out is older than its cursor."""
    return news.newest is not None and news.newest < reading.cursor
