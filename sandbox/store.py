"""State in SQLite: in memory, or in a file that outlives `kill -9`.

All calls come from the event loop's thread and none of them awaits, so code between two awaits is
never interleaved with another request: "look, then write" needs no further lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, fields
from typing import TypeVar

from sandbox.records import KINDS, ApiCall, Attempt, Delivery, Payment, Refund, Switch

Record = Payment | Refund | Delivery | Attempt | ApiCall | Switch
INDEXED = frozenset({"txn_ref", "request_id", "scope", "state"})
R = TypeVar("R", Payment, Refund, Delivery, Attempt, ApiCall, Switch)


class Store:
    """Records by table. A change is durable when the call returns, unless inside `together`."""

    def __init__(self, path: str) -> None:
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
        return [kind(**dict(row)) for row in rows]

    def find(self, kind: type[R], **where: object) -> R | None:
        """The newest record whose fields equal `where`, if there is one."""
        row = self._connection.execute(
            f"SELECT * FROM {kind.table} WHERE {_equal(where)} ORDER BY rowid DESC LIMIT 1",
            tuple(where.values()),
        ).fetchone()
        return kind(**dict(row)) if row else None

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
        columns = ", ".join([f"{key} PRIMARY KEY", *rest])
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {kind.table} ({columns})")
        for name in INDEXED.intersection(rest):
            index = f"{kind.table}_by_{name}"
            self._connection.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {kind.table} ({name})")


def _equal(where: dict[str, object]) -> str:
    return " AND ".join(["1", *(f"{name} = ?" for name in where)])
