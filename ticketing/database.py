"""Database rules that Django's own migrations can't express."""

from django.db.migrations import RunSQL


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
