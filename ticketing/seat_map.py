"""The plan of a showing as JSON, made by PostgreSQL itself, and how readers keep it up to date.

A cursor is the oldest transaction that was still running when the map was read. Whatever a reader
has not seen was changed by that transaction or a later one, so `changed_in >= cursor` misses
nothing, whenever others commit. It may repeat a change; it never skips one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

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

NEWS = f"""
SELECT {CURSOR} >= %(since)s AND NOT EXISTS (
    SELECT 1 FROM ticketing_seat WHERE showing_id = %(showing)s AND changed_in >= %(since)s)
"""

ISSUED = f"SELECT {CURSOR} >= %(since)s"


@dataclass(frozen=True)
class SeatMap:
    cursor: int
    text: str


def read_seat_map(showing_id: int, *, since: int = 0) -> SeatMap:
    """The whole map; with `since`, the cursor of an earlier one, only what changed.

    A cursor that was never issued, as after a restored backup, gives the whole map.
    """
    if since and not _row(ISSUED, showing_id, since)[0]:
        since = 0
    return SeatMap(*_row(MAP, showing_id, since))


def is_unchanged(showing_id: int, *, since: int) -> bool:
    """Whether a reader who has the map of `since` has everything. One index look-up."""
    return bool(_row(NEWS, showing_id, since)[0])


def _row(statement: str, showing_id: int, since: int) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"showing": showing_id, "since": since})
        row: tuple[Any, ...] = cursor.fetchone()
    return row
