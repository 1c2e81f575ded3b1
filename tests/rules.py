"""Rules that always hold: what the database refuses, and what `verify_invariants` finds broken."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from ticketing.invariants import violations


def broken_rules() -> dict[str, int]:
    """The invariants that are broken now, with the number of violations."""
    return {rule: count for rule, count in violations().items() if count}


def break_by(statements):
    """Run SQL that leaves rows as no rule allows; what is deferred is checked at once."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in statements:
            cursor.execute(statement)


def refused(rule, sql, *parameters):
    """Run SQL that must break the named constraint."""
    with (
        pytest.raises(IntegrityError, match=f'"{rule}"'),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {sql}", parameters)


def copied(model, **changed):
    """SQL that inserts the one row of a table once more, with some columns changed."""
    names = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    chosen = ", ".join(changed.get(name, name) for name in names)
    return f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) SELECT {chosen} FROM"
