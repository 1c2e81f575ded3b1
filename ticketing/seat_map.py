"""The plan of a showing as JSON, made by PostgreSQL itself, and how readers keep it up to date.

A cursor is the oldest transaction that was still running when the map was read. Whatever a reader
has not seen was changed by that transaction or a later one, so `changed_in >= cursor` misses
nothing, whenever others commit. It may repeat a change; it never skips one.

The same rule tells that a map made before is still right, so each process keeps the last ones: many
readers want the same one, and looking for news takes PostgreSQL a hundredth of the time.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

from django.db import connection

from jobs.prepared import fetch_all

CURSOR = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

# One statement, so that cursor and seats come from one snapshot.
MAP = f"""
SELECT {CURSOR}, json_build_object(
    'showing', %(showing)s::bigint,
    'cursor', ({CURSOR})::text,
    'areas', coalesce(json_agg(area ORDER BY area_id), '[]'))::text
FROM (
    SELECT a.id AS area_id, json_build_object(
        'id', a.id, 'name', a.name, 'rows', json_agg(seat_row ORDER BY row_id)) AS area
    FROM (
        SELECT s.area_id, r.id AS row_id, json_build_object(
            'id', r.id, 'label', r.label,
            'seats', json_agg(json_build_array(s.id, s.number, s.status) ORDER BY s.id)) AS seat_row
        FROM ticketing_seat s JOIN ticketing_row r ON r.id = s.row_id
        WHERE s.showing_id = %(showing)s AND s.changed_in >= %(since)s
        GROUP BY s.area_id, r.id
    ) AS rows JOIN ticketing_area a ON a.id = rows.area_id
    GROUP BY a.id
) AS areas
"""

# The oldest and the newest change are found at the two ends of a stretch of the index.
NEWS = f"""
SELECT {CURSOR},
    (SELECT min(changed_in) FROM ticketing_seat
        WHERE showing_id = showing.id AND changed_in >= %(since)s),
    (SELECT max(changed_in) FROM ticketing_seat WHERE showing_id = showing.id)
FROM ticketing_showing showing JOIN ticketing_event event ON event.id = showing.event_id
WHERE showing.id = %(showing)s AND event.status <> 'draft'
"""


@dataclass(frozen=True)
class SeatMap:
    cursor: int
    body: bytes
    """JSON."""


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


def look_for_news(showing_id: int, *, since: int) -> News | None:
    """Compare a reader's cursor with all changes; None if there is no such public showing."""
    rows = fetch_all(NEWS, {"showing": showing_id, "since": since})
    return News(showing_id, since, *rows[0]) if rows else None


def whole_map(news: News) -> SeatMap:
    """Every seat, for a reader who has no map or an unknown one."""
    return _kept_or_read(news, first=0, since=0)


def changed_map(news: News) -> SeatMap:
    """What a reader with a cursor of ours has not seen."""
    if news.oldest is None:
        nothing = {"showing": news.showing_id, "cursor": str(news.cursor), "areas": []}
        return SeatMap(news.cursor, json.dumps(nothing).encode())
    return _kept_or_read(news, first=news.oldest, since=news.since)


def read_seat_map(showing_id: int, *, since: int = 0) -> SeatMap:
    """The whole map; with `since`, a cursor of ours, only what changed.

    Planned for each cursor anew: much has changed since an old one, and little since a new one.
    """
    with connection.cursor() as cursor:
        cursor.execute(MAP, {"showing": showing_id, "since": since})
        own_cursor, text = cursor.fetchone()
    return SeatMap(own_cursor, text.encode())


class KeptMaps:
    """Maps by showing and the first change that they tell. All are let go when they are too large.

    Threads may share it.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._maps: dict[tuple[int, int], SeatMap] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, news: News, *, first: int) -> SeatMap | None:
        """A map from this change on that tells all that `news` knows of.

        Nothing that it leaves out is older than its cursor, which is not ahead of the news.
        """
        kept = self._maps.get((news.showing_id, first))
        if kept and news.newest and news.newest < kept.cursor <= news.cursor:
            return kept
        return None

    def keep(self, fresh: SeatMap, news: News, *, first: int) -> None:
        key = news.showing_id, first
        with self._lock:
            replaced = self._maps.get(key)
            self._maps[key] = fresh
            self._bytes += len(fresh.body) - (len(replaced.body) if replaced else 0)
            if self._bytes > self._most_bytes:
                self._maps.clear()
                self._bytes = 0


_kept_maps = KeptMaps(most_bytes=8_000_000)  # 1,500,000 are a stadium


def _kept_or_read(news: News, *, first: int, since: int) -> SeatMap:
    """Read from the reader's own cursor: before `first`, something may just have been committed."""
    kept = _kept_maps.find(news, first=first)
    if kept is None:
        kept = read_seat_map(news.showing_id, since=since)
        _kept_maps.keep(kept, news, first=first)
    return kept
