"""What stands in a database, and what it is built of."""

from __future__ import annotations

import os
import subprocess

from django.db import connection

from ticketing.embedded_postgres.server import program

COLUMNS = """
SELECT c.relname, array_agg(a.attname ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    AND c.relname <> 'django_migrations'
GROUP BY c.relname
"""


def contents() -> dict[str, str]:
    """A digest of each column of each table, with the key of its rows."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        for table, columns in cursor.fetchall():
            key = columns[0]
            digests = ", ".join(
                f"""md5(string_agg(concat("{key}", '=', "{each}"), ',' ORDER BY "{key}"))"""
                for each in columns
            )
            cursor.execute(f'SELECT {digests} FROM "{table}"')
            found |= zip((f"{table}.{each}" for each in columns), cursor.fetchone(), strict=True)
    return found


def changes(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The columns that both have, and that are not the same."""
    return {name for name in before.keys() & after.keys() if before[name] != after[name]}


def structure() -> list[str]:
    """Tables, constraints, indexes, triggers and functions, in whatever order they came to be."""
    params = connection.get_connection_params()
    dump = subprocess.run(
        [program("pg_dump"), "--schema-only", "--no-owner", "--no-privileges", params["dbname"]],
        env={**os.environ, "PGHOST": params["host"], "PGUSER": params["user"]},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.rstrip(",") for line in dump.stdout.splitlines())
    return sorted(line for line in lines if not line.startswith("\\"))  # with a random mark
