"""Save rows by prepared statements, and what belongs together by a single one.

The database takes longer to be asked than to write a row, and Django longer to build the question.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, models

from jobs.prepared import fetch_all

Model = type[models.Model]


@dataclass(frozen=True)
class Write:
    """A statement that writes and returns ids, and who wants to know them."""

    statement: str
    values: Mapping[str, Any]
    tell: Callable[[list[int]], None]


@dataclass
class _Waiting:
    """What is written at the end of the block: new rows by table, and other statements."""

    rows: dict[Model, list[models.Model]] = field(default_factory=lambda: defaultdict(list))
    others: list[Write] = field(default_factory=list)


# Of each thread: what one request writes is never written with that of another.
_waiting: ContextVar[_Waiting | None] = ContextVar("waiting", default=None)


def insert(rows: Sequence[models.Model]) -> None:
    """Save new rows of one table, whose keys the database gives, and tell the rows their keys.

    No signal is sent.
    """
    with together():
        waiting = _waiting.get()
        assert waiting is not None
        for row in rows:
            waiting.rows[type(row)].append(row)


def update(row: models.Model, *names: str) -> None:
    """Save these fields of a row as they are now, without any signal.

    Raises DatabaseError if there is no such row.
    """

    def tell(ids: list[int]) -> None:
        if not ids:
            raise DatabaseError(f"{row!r} is not in the database, so nothing of it was saved.")

    stored = {each.name: each for each in row._meta.concrete_fields if each.name in names}
    values = {
        name: each.get_db_prep_save(each.pre_save(row, False), connection)
        for name, each in stored.items()
    }
    write(Write(_update_statement(type(row), names), {**values, "key": row.pk}, tell))


def write(one: Write) -> None:
    """Run a statement, at the end of the block if a block of `together` is open."""
    with together():
        waiting = _waiting.get()
        assert waiting is not None
        waiting.others.append(one)


def save_together(rows: Sequence[models.Model], *names: str) -> None:
    """Save these fields of several rows of one table as they are now, or of none.

    The caller holds their locks. Raises DatabaseError if a row is gone.
    """
    if not rows:
        return

    def tell(ids: list[int]) -> None:
        if len(ids) != len(rows):
            raise DatabaseError(f"Not all of {len(rows)} rows were there to be saved.")

    columns = {each.column: each.attname for each in _columns(type(rows[0])) if each.name in names}
    values = [
        {"key": row.pk, **{column: getattr(row, name) for column, name in columns.items()}}
        for row in rows
    ]
    statement = _save_statement(type(rows[0]), names)
    write(Write(statement, {"rows": json.dumps(values, default=str)}, tell))


@contextmanager
def together() -> Iterator[None]:
    """Write what is inserted and updated inside with one statement, when the outermost block ends.

    Until then no query sees it and new rows have no keys. All of it is written at the same moment:
    no row may be changed twice, or be new and be named by another new one. An exception inside
    leaves it all unwritten.
    """
    if _waiting.get() is not None:
        yield
        return
    waiting = _Waiting()
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    # Not in `finally`: after an exception nothing may be written.
    _run(waiting)


def _run(waiting: _Waiting) -> None:
    writes = [*waiting.others, *(_insertion(model, rows) for model, rows in waiting.rows.items())]
    if not writes:
        return
    values = {
        f"w{n}_{key}": each for n, one in enumerate(writes) for key, each in one.values.items()
    }
    written: dict[int, list[int]] = defaultdict(list)
    for number, pk in fetch_all(_joined(tuple(one.statement for one in writes)), values):
        written[number].append(pk)
    for number, one in enumerate(writes):
        one.tell(written[number])


@cache
def _joined(statements: tuple[str, ...]) -> str:
    parts = [
        f"w{number} AS ({statement.replace('%(', f'%(w{number}_')})"
        for number, statement in enumerate(statements)
    ]
    # The number says whose ids these are, since all come back as rows of one answer.
    ids = [f"SELECT {number}, id FROM w{number}" for number in range(len(statements))]
    return f"WITH {', '.join(parts)} {' UNION ALL '.join(ids)}"


def _insertion(model: Model, rows: list[models.Model]) -> Write:
    def tell(ids: list[int]) -> None:
        for row, pk in zip(rows, ids, strict=True):
            row.pk, row._state.adding, row._state.db = pk, False, DEFAULT_DB_ALIAS

    columns = _columns(model)
    values = [
        {each.column: each.get_prep_value(each.pre_save(row, True)) for each in columns}
        for row in rows
    ]
    # Keys are given in the order of the rows, and come back so: `tell` relies on that.
    return Write(_insert_statement(model), {"rows": json.dumps(values, default=str)}, tell)


def _columns(model: Model) -> list[Any]:
    return [each for each in model._meta.concrete_fields if not each.primary_key]


# One value however many rows and columns: psycopg reads a text with more than fifty anew each time.
@cache
def _insert_statement(model: Model) -> str:
    table, columns = model._meta.db_table, ", ".join(each.column for each in _columns(model))
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} "
        f"FROM jsonb_populate_recordset(NULL::{table}, %(rows)s::jsonb) RETURNING id"
    )


@cache
def _update_statement(model: Model, names: tuple[str, ...]) -> str:
    columns = {each.name: each.column for each in model._meta.concrete_fields}
    changes = ", ".join(f"{columns[name]} = %({name})s" for name in names)
    return f"UPDATE {model._meta.db_table} SET {changes} WHERE id = %(key)s RETURNING id"


@cache
def _save_statement(model: Model, names: tuple[str, ...]) -> str:
    table, columns = model._meta.db_table, [each for each in _columns(model) if each.name in names]
    changes = ", ".join(f"{each.column} = new.{each.column}" for each in columns)
    types = ", ".join(f"{each.column} {each.db_type(connection)}" for each in columns)
    return (
        f"UPDATE {table} SET {changes} "
        f"FROM jsonb_to_recordset(%(rows)s::jsonb) AS new (key bigint, {types}) "
        f"WHERE {table}.id = new.key RETURNING {table}.id"
    )
