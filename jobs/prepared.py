"""Hot statements, which PostgreSQL parses and plans once for each connection, not for each call.

They are written by hand because Django builds the SQL of a queryset anew each time it is used,
which takes longer than running it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
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
    # Django's own cursors put the values into the text, and no two texts would be the same.
    binding_at_server: Any = Cursor(connection.connection)
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(binding_at_server) as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


class Lookup:
    """Finds rows of some joined tables and gives each as an instance of every table.

    In the statement, `{name}` stands for all columns of the table with that alias:
    `Lookup("SELECT {a}, {s} FROM area a JOIN showing s ON … WHERE a.id = %(area)s", a=Area, …)`.
    """

    def __init__(self, statement: str, **tables: type[models.Model]) -> None:
        self._template, self._tables = statement, tables

    def find(self, **values: Any) -> tuple[Any, ...] | None:
        """The instances in the order of the tables' naming, or None if there is no such row."""
        found = self.find_all(**values)
        return found[0] if found else None

    def find_all(self, **values: Any) -> list[tuple[Any, ...]]:
        """The instances of each row, in the order of the statement's rows."""
        return [tuple(self._instances(row)) for row in fetch_all(self.statement, values)]

    def _instances(self, row: Sequence[Any]) -> Iterator[models.Model]:
        start = 0
        for model, names, conversions in self._parts:
            values = list(row[start : start + len(names)])
            for place, convert in conversions:
                values[place] = convert(values[place], None, connection)
            yield model.from_db(DEFAULT_DB_ALIAS, names, values)
            start += len(names)

    @cached_property
    def _parts(self) -> list[tuple[type[models.Model], list[str], list[tuple[int, Any]]]]:
        """Each model, its fields by name, and where one converts what the database gives."""
        return [
            (
                model,
                [field.attname for field in model._meta.concrete_fields],
                [
                    (place, convert)
                    for place, field in enumerate(model._meta.concrete_fields)
                    for convert in field.get_db_converters(connection)
                ],
            )
            for model in self._tables.values()
        ]

    @cached_property
    def statement(self) -> str:
        """The SQL, with all columns named."""
        return self._template.format(
            **{
                alias: ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)
                for alias, model in self._tables.items()
            }
        )
