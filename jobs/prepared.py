"""Hot statements, which PostgreSQL parses and plans once for each connection, not for each call.

They are written by hand because Django builds the SQL of a queryset anew each time it is used,
which takes longer than running it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, models
from psycopg import Cursor


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


FEW = 10
"""So many rows `insert` writes by a statement that is kept for their number."""


def insert(rows: Sequence[models.Model]) -> None:
    """Save new rows of one table with one statement and tell them their keys.

    For models whose keys the database gives. No signal is sent.
    """
    if len(rows) > FEW:
        type(rows[0])._base_manager.bulk_create(rows)
        return
    if not rows:
        return
    values = {
        f"{field.attname}_{number}": _stored(row, field, is_new=True)
        for number, row in enumerate(rows)
        for field in _fields(type(row))
    }
    written = fetch_all(_insert_statement(type(rows[0]), len(rows)), values)
    for row, (pk,) in zip(rows, written, strict=True):
        row.pk, row._state.adding, row._state.db = pk, False, DEFAULT_DB_ALIAS


def update(row: models.Model, *names: str) -> None:
    """Save these fields of a row, like `save(update_fields=names)` without its signals.

    Raises DatabaseError if there is no such row.
    """
    model = type(row)
    values = {name: _stored(row, model._meta.get_field(name), is_new=False) for name in names}
    if not fetch_all(_update_statement(model, names), {**values, "pk": row.pk}):
        raise DatabaseError(f"{row!r} is not in the database, so nothing of it was saved.")


def _fields(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _stored(row: models.Model, field: Any, *, is_new: bool) -> Any:
    return field.get_db_prep_save(field.pre_save(row, is_new), connection)


@cache
def _insert_statement(model: type[models.Model], count: int) -> str:
    names = [field.attname for field in _fields(model)]
    columns = ", ".join(field.column for field in _fields(model))
    rows = ", ".join(
        f"({', '.join(f'%({name}_{number})s' for name in names)})" for number in range(count)
    )
    return f"INSERT INTO {model._meta.db_table} ({columns}) VALUES {rows} RETURNING id"


@cache
def _update_statement(model: type[models.Model], names: tuple[str, ...]) -> str:
    columns = {field.name: field.column for field in model._meta.concrete_fields}
    changes = ", ".join(f"{columns[name]} = %({name})s" for name in names)
    return f"UPDATE {model._meta.db_table} SET {changes} WHERE id = %(pk)s RETURNING id"


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
        return [tuple(self._instances(row)) for row in fetch_all(self._statement, values)]

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
    def _statement(self) -> str:
        return self._template.format(
            **{
                alias: ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)
                for alias, model in self._tables.items()
            }
        )
