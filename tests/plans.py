"""Which statements no index serves, however large their table grows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

SOUGHT = {"Index Cond", "Recheck Cond"}


def read_whole(queries: Iterable[dict[str, Any]], table: str) -> list[str]:
    """Those of the captured queries that go through the whole table, or a whole index of it.

    The database is to shun reading tables whole, as it does with large ones.
    """
    reads = [query["sql"] for query in queries if query["sql"].startswith(("SELECT", "DECLARE"))]
    return [sql for sql in reads if any(_is_whole(step, table) for step in _steps(_plan_of(sql)))]


def _is_whole(step: dict[str, Any], table: str) -> bool:
    return step.get("Relation Name") == table and not SOUGHT & step.keys()


def _plan_of(statement: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        [(found,)] = cursor.fetchall()
    [plan] = json.loads(found) if isinstance(found, str) else found
    chosen: dict[str, Any] = plan["Plan"]
    return chosen


def _steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for inner in step.get("Plans", []):
        yield from _steps(inner)
