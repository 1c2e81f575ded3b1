"""Steps of migrations that Django has no operation for."""

from django.db.migrations import RunSQL
from django.db.migrations.operations.base import Operation


def composite_foreign_key(
    *, name: str, table: str, columns: str, target: str, target_columns: str
) -> RunSQL:
    """Tie `columns` together to one row of `target`, so that they can't contradict each other.

    It stands for the single-column foreign keys too, which are declared `db_constraint=False`.
    """
    return RunSQL(
        sql=f"ALTER TABLE {table} ADD CONSTRAINT {name} "
        f"FOREIGN KEY ({columns}) REFERENCES {target} ({target_columns})",
        reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def drop_index(name: str, on: str, *, state: Operation | None = None) -> RunSQL:
    """Drop an index beside the traffic; going back builds it again, just so.

    If going back breaks off there, the index is left invalid: drop it before the next attempt.

    `on` is its table, columns and operator classes in SQL; `state` tells Django what the models say
    now. The migration must not be atomic.
    """
    return RunSQL(
        sql=f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        reverse_sql=f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}",
        state_operations=[state] if state else [],
    )
