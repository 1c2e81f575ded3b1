"""`python -m tests.migrations.lint`: may each migration run while the version before it serves?

Squawk reads the SQL and refuses what old code would trip over, or what keeps buyers waiting for as
long as a table is large. A migration that does it all the same says why nobody is hurt:

    class Migration(migrations.Migration):
        safe_because = {"ban-drop-column": "No version since 1.4 reads it."}
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import django
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

# No version served before them, so they may do anything.
FIRST_RELEASE = {"jobs": 5, "ticketing": 10, "orders": 9, "payments": 6, "refunds": 3}


def is_bound(migration: Migration) -> bool:
    """Whether it is ours, and came after the first release."""
    number = int(migration.name.split("_")[0])
    return number > FIRST_RELEASE.get(migration.app_label, number)


def dangers(migration: Migration, before: ProjectState) -> str:
    """What squawk has against a migration that starts from this state; nothing if it is safe."""
    squawk = [str(Path(sys.executable).with_name("squawk")), "--reporter=gcc"]
    squawk += ["--assume-in-transaction"] if migration.atomic else []
    read = subprocess.run(
        [*squawk, f"--stdin-filepath={migration}"],
        input=_sql(migration, before),
        capture_output=True,
        text=True,
        check=False,
    )
    return read.stdout + read.stderr if read.returncode else ""


def _sql(migration: Migration, before: ProjectState) -> str:
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(before, editor, collect_sql=True)
    excused = [f"-- squawk-ignore-file {rule}" for rule in getattr(migration, "safe_because", {})]
    return "\n".join([*excused, *editor.collected_sql])


def main() -> int:
    loader = MigrationLoader(connection)
    bound = [each for each in loader.disk_migrations.values() if is_bound(each)]
    found = 0
    for migration in bound:
        before = loader.project_state((migration.app_label, migration.name), at_end=False)
        told = dangers(migration, before)
        sys.stdout.write(told)
        found += bool(told)
    sys.stdout.write(f"{found} of {len(bound)} migrations since the first release are not safe.\n")
    return 1 if found else 0


if __name__ == "__main__":
    django.setup()
    sys.exit(main())
