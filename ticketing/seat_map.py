"""The plan of a showing as JSON, made by PostgreSQL itself, and how readers keep it up to date."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import connection

from ticketing.seat_news import CURSOR, Kept, News

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


@dataclass(frozen=True)
class SeatMap:
    cursor: int
    body: bytes
    """JSON."""

    @property
    def size(self) -> int:
        return len(self.body)


_kept = Kept[SeatMap](most_bytes=8_000_000)  # 1,500,000 are a stadium


def whole_map(news: News) -> SeatMap:
    """Every seat, for a reader who has no map or an unknown one."""
    return _kept.whole(news, lambda: read_seat_map(news.showing_id))


def changed_map(news: News) -> SeatMap:
    """What a reader with a cursor of ours has not seen.

    Read from the reader's own cursor: before the first change that the news tell, something may
    just have been committed.
    """
    if news.oldest is None:
        nothing = {"showing": news.showing_id, "cursor": str(news.cursor), "areas": []}
        return SeatMap(news.cursor, json.dumps(nothing).encode())

    def read() -> SeatMap:
        return read_seat_map(news.showing_id, since=news.since)

    return _kept.changes(news, read, first=news.oldest)


def read_seat_map(showing_id: int, *, since: int = 0) -> SeatMap:
    """The whole map; with `since`, a cursor of ours, only what changed.

    Planned for each cursor anew: much has changed since an old one, and little since a new one.
    """
    with connection.cursor() as cursor:
        cursor.execute(MAP, {"showing": showing_id, "since": since})
        own_cursor, text = cursor.fetchone()
    return SeatMap(own_cursor, text.encode())
