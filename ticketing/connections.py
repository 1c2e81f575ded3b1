"""The pool of connections to the database that the threads of a process share."""

from __future__ import annotations

from typing import cast

from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg_pool import ConnectionPool


def forget_dead_connections() -> None:
    """Drop every idle connection that has died, so that nobody is given it.

    Asking each of them before every use would cost a round trip; this is for after a failure.
    """
    _pool().check()


def close_all_connections() -> None:
    """Leave the database until the next query, for instance because it is about to go away."""
    connection.close()
    cast(DatabaseWrapper, connection).close_pool()


def plan_anew() -> None:
    """Have this session plan its statements again, those included that check foreign keys.

    For a transaction that has just filled a table and goes on to write rows that refer to it. A
    plan that was made while the table was almost empty reads all of it for each of them.
    """
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


def join_in_bulk() -> None:
    """Have tables not be joined row by row until the transaction ends.

    For joins of large parts of tables whose statistics may have been taken while all of their rows
    were dead: a plan for no rows goes through one part for each row of the other. No join can then
    look its rows up, so each table needs a condition of its own that an index serves.
    """
    with connection.cursor() as cursor:
        # Where rows can't be joined otherwise, the cost given to that must not have it compiled.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL jit = off")


def _pool() -> ConnectionPool:
    return cast(ConnectionPool, cast(DatabaseWrapper, connection).pool)
