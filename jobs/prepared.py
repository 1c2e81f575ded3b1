"""Hot statements, which PostgreSQL parses and plans once for each connection, not for each call.

They are written by hand because Django builds the SQL of a queryset anew each time it is used,
which takes longer than running it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models
from psycopg import Cursor


def fetch_all(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement on the current connection and give its rows.

    Each text is planned on its own and kept, so let it vary in a few ways only. A status that a
    partial index names has to stand in the text: of a value, the plan can't know that it fits.
    Raises Django's database errors; in tests the statement counts like any other.
    """
    connection.ensure_connection()
    binding_at_server = Cursor(connection.connection)  # what Django's own cursors don't
    with connection._prepare_cursor(binding_at_server) as cursor:  # type: ignore[attr-defined]  # private
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


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
