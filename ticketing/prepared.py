"""Hot statements, which PostgreSQL parses and plans once for each connection, not for each call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg import Cursor


class _PreparingCursor(Cursor[tuple[Any, ...]]):
    """Binds values at the server, unlike Django's own, and prepares whatever it is given."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> _PreparingCursor:
        return super().execute(query, params, **{**options, "prepare": True})


def fetch_all(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement on the current connection and give its rows.

    Each text is planned on its own and kept, so let it vary in a few ways only. A status that a
    partial index names has to stand in the text: of a value, the plan can't know that it fits.
    Raises Django's database errors; in tests the statement counts like any other.
    """
    connection.ensure_connection()
    plain = _PreparingCursor(connection.connection)
    with connection._prepare_cursor(plain) as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
