"""The plan of a showing as JSON, made by PostgreSQL itself, and how readers keep it up to date.

A cursor is the oldest transaction that was still running when the map was read. Whatever a reader
has not seen was changed by that transaction or a later one, so `changed_in >= cursor` misses
nothing, whenever others commit. It may repeat a change; it never skips one.
"""

from __future__ import annotations

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

# The newest change is found at the end of its index, whatever cursor the plan was made for.
NEWS = f"""
SELECT {CURSOR} >= %(since)s, coalesce(
    (SELECT max(changed_in) FROM ticketing_seat WHERE showing_id = showing.id), 0) < %(since)s
FROM ticketing_showing showing JOIN ticketing_event event ON event.id = showing.event_id
WHERE showing.id = %(showing)s AND event.status <> 'draft'
"""


@dataclass(frozen=True)
class SeatMap:
    cursor: int
    text: str


@dataclass(frozen=True)
class News:
    """What there is for a reader with a cursor.

    A cursor that is not ours was never issued, as after a restored backup.
    """

    is_cursor_ours: bool
    is_unchanged: bool


def look_for_news(showing_id: int, *, since: int) -> News | None:
    """Compare a reader's cursor with the newest change; None if there is no such public showing."""
    rows = fetch_all(NEWS, {"showing": showing_id, "since": since})
    if not rows:
        return None
    [(is_ours, is_older)] = rows
    return News(is_cursor_ours=is_ours, is_unchanged=is_ours and is_older)


def read_seat_map(showing_id: int, *, since: int = 0) -> SeatMap:
    """The whole map; with `since`, a cursor of ours, only what changed.

    Planned for each cursor anew: much has changed since an old one, and little since a new one.
    """
    with connection.cursor() as cursor:
        cursor.execute(MAP, {"showing": showing_id, "since": since})
        return SeatMap(*cursor.fetchone())
