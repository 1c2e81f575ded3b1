"""Hot statements, which PostgreSQL parses and plans once for each connection, not for each call.

They are written by hand because Django builds the SQL of a queryset anew each time it is used,
which takes longer than running it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from itertools import islice
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models
from psycopg import Cursor

UPDATE = """
UPDATE {table} SET {assignments}
FROM jsonb_to_recordset(%(rows)s::jsonb) AS new (pk bigint, {new})
WHERE {table}.id = new.pk
RETURNING {table}.id
"""
INSERT = """
INSERT INTO {table} ({columns})
SELECT {columns} FROM jsonb_to_recordset(%(rows)s::jsonb) AS new ({new})
RETURNING id
"""


def fetch_all(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement on the current connection and give its rows.

    Each text is planned on its own and kept, so let it vary in a few ways only. A status that a
    partial index names has to stand in the text: of a value, the plan can't know that it fits.
    Raises Django's database errors; in tests the statement counts like any other.
    """
    connection.ensure_connection()
    binding_at_server = Cursor(connection.connection)  # what Django's own cursors don't
    with connection._prepare_cursor(binding_at_server) as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def save_together(rows: Sequence[models.Model], *fields: str) -> None:
    """Write these fields of several rows of one table with one UPDATE, or none.

    The caller holds their locks. Raises RuntimeError if a row is gone.
    """
    if not rows:
        return
    table = _table(type(rows[0]), fields)
    if len(fetch_all(table.update, {"rows": table.values(rows)})) != len(rows):
        raise RuntimeError(f"Not all of {len(rows)} rows were there to be saved.")


def insert_together(rows: Sequence[models.Model]) -> None:
    """Write several new rows of one table with one INSERT, or none, and give them their ids.

    `bulk_create` takes as long as two queries. Fields get no value from the database but the id.
    """
    if not rows:
        return
    table = _table(type(rows[0]))
    for row, (pk,) in zip(rows, fetch_all(table.insert, {"rows": table.values(rows)}), strict=True):
        row.pk, row._state.adding, row._state.db = pk, False, DEFAULT_DB_ALIAS


class _Table:
    """The statements that write these fields of many rows of a table; all of them without any."""

    def __init__(self, model: type[models.Model], names: tuple[str, ...]) -> None:
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        written = [field for field in fields if not names or field.name in names]
        self._attributes = [(str(field.column), field.attname) for field in written]
        parts = {
            "table": model._meta.db_table,
            "columns": ", ".join(column for column, _name in self._attributes),
            "new": ", ".join(f"{field.column} {field.db_type(connection)}" for field in written),
            "assignments": ", ".join(f"{name} = new.{name}" for name, _attr in self._attributes),
        }
        self.update, self.insert = UPDATE.format(**parts), INSERT.format(**parts)

    def values(self, rows: Sequence[models.Model]) -> str:
        """What the statements take as `rows`."""
        return json.dumps(
            [
                {"pk": row.pk, **{column: getattr(row, name) for column, name in self._attributes}}
                for row in rows
            ],
            default=str,
        )


@cache
def _table(model: type[models.Model], names: tuple[str, ...] = ()) -> _Table:
    return _Table(model, names)


class Lookup:
    """Finds one row of some joined tables and gives it as an instance of each.

    In the statement, `{name}` stands for all columns of the table with that alias:
    `Lookup("SELECT {a}, {s} FROM area a JOIN showing s ON … WHERE a.id = %(area)s", a=Area, …)`.
    Values come as the database gives them: not for tables with fields that convert, such as JSON.
    """

    def __init__(self, statement: str, **tables: type[models.Model]) -> None:
        self._template, self._tables = statement, tables

    def find(self, **values: Any) -> tuple[Any, ...] | None:
        """The instances in the order of the tables' naming, or None if there is no such row."""
        rows = fetch_all(self._statement, values)
        if not rows:
            return None
        columns = iter(rows[0])
        return tuple(
            model.from_db(DEFAULT_DB_ALIAS, names, list(islice(columns, len(names))))
            for model, names in self._names
        )

    @cached_property
    def _names(self) -> list[tuple[type[models.Model], list[str]]]:
        return [
            (model, [field.attname for field in model._meta.concrete_fields])
            for model in self._tables.values()
        ]

    @cached_property
    def _statement(self) -> str:
        return self._template.format(
            **{
                alias: ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)
                for alias, model in self._tables.items()
            }
        )
