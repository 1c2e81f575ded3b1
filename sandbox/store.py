"""State in SQLite: in memory, or in a file that outlives `kill -9`.

All calls come from the event loop's thread and none of them awaits, so code between two awaits is
never interleaved with another request: "look, then write" needs no further lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import Field, astuple, fields
from typing import Any, ClassVar, Protocol, TypeVar

from sandbox import mail_records, qstash_records, records

INDEXED = frozenset({"txn_ref", "request_id", "scope", "state", "message_id", "next_at"})


class Record(Protocol):
    """A dataclass with a table."""

    table: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


KINDS: tuple[type[Record], ...] = (*records.KINDS, *qstash_records.KINDS, *mail_records.KINDS)
R = TypeVar("R", bound=Record)


class Store:
    """Records by table. A change is durable when the call returns, unless inside `together`."""

    def __init__(self, path: str) -> None:
        # Without the transactions that Python would begin by itself: `together` begins them.
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        # WAL with NORMAL loses nothing when the process is killed, only when the machine is.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        for kind in KINDS:
            self._create_table(kind)

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make the changes inside all or nothing. Must not contain an await."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def save(self, record: Record) -> None:
        """Insert the record, or replace the one with its key."""
        names = [field.name for field in fields(record)]
        marks = ", ".join("?" for _ in names)
        updates = ", ".join(f"{name} = excluded.{name}" for name in names)
        self._connection.execute(
            f"INSERT INTO {record.table} ({', '.join(names)}) VALUES ({marks}) "
            f"ON CONFLICT ({names[0]}) DO UPDATE SET {updates}",
            astuple(record),
        )

    def select(self, kind: type[R], **where: object) -> list[R]:
        """The records whose fields equal `where`, oldest first."""
        rows = self._connection.execute(
            f"SELECT * FROM {kind.table} WHERE {_equal(where)} ORDER BY rowid",
            tuple(where.values()),
        )
        return [_read(kind, row) for row in rows]

    def find(self, kind: type[R], **where: object) -> R | None:
        """The newest record whose fields equal `where`, if there is one."""
        row = self._connection.execute(
            f"SELECT * FROM {kind.table} WHERE {_equal(where)} ORDER BY rowid DESC LIMIT 1",
            tuple(where.values()),
        ).fetchone()
        return _read(kind, row) if row else None

    def select_due(self, kind: type[R], moment: float, **where: object) -> list[R]:
        """The records whose `next_at` has come, the longest due first."""
        rows = self._connection.execute(
            f"SELECT * FROM {kind.table} WHERE {_equal(where)} AND next_at <= ? "
            "ORDER BY next_at, rowid",
            (*where.values(), moment),
        )
        return [_read(kind, row) for row in rows]

    def next_due(self, kind: type[Record], **where: object) -> float | None:
        """The earliest `next_at`, if there is any."""
        row = self._connection.execute(
            f"SELECT min(next_at) FROM {kind.table} WHERE {_equal(where)}", tuple(where.values())
        ).fetchone()
        moment: float | None = row[0]
        return moment

    def shift(self, kind: type[Record], name: str, amount: float) -> None:
        """Add to a number of every record."""
        self._connection.execute(f"UPDATE {kind.table} SET {name} = {name} + ?", (amount,))

    def delete(self, kind: type[R], **where: object) -> None:
        """Forget the records whose fields equal `where`."""
        self._connection.execute(
            f"DELETE FROM {kind.table} WHERE {_equal(where)}", tuple(where.values())
        )

    def clear(self) -> None:
        """Forget everything."""
        with self.together():
            for kind in KINDS:
                self._connection.execute(f"DELETE FROM {kind.table}")

    def _create_table(self, kind: type[Record]) -> None:
        key, *rest = [field.name for field in fields(kind)]
        # Only an INTEGER key that is saved as None is numbered by SQLite.
        key_type = "INTEGER " if "int" in str(fields(kind)[0].type) else ""
        columns = ", ".join([f"{key} {key_type}PRIMARY KEY", *rest])
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {kind.table} ({columns})")
        self._add_columns(kind)
        for name in INDEXED.intersection(rest):
            index = f"{kind.table}_by_{name}"
            self._connection.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {kind.table} ({name})")

    def _add_columns(self, kind: type[Record]) -> None:
        """Bring a file of an earlier version up to date: a field that was added has a default."""
        columns = self._connection.execute(f"PRAGMA table_info({kind.table})")
        known = {row["name"] for row in columns}
        for field in fields(kind):
            if field.name not in known:
                added = f"{field.name} DEFAULT {field.default!r}"
                self._connection.execute(f"ALTER TABLE {kind.table} ADD COLUMN {added}")


def _read(kind: Callable[..., R], row: sqlite3.Row) -> R:
    return kind(**dict(row))


def _equal(where: dict[str, object]) -> str:
    # A condition that always holds, since WHERE wants one.
    return " AND ".join(["1", *(f"{name} = ?" for name in where)])
