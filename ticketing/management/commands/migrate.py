"""Django's `migrate`, for a database that is selling."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import IntegrityError, OperationalError, connections
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from psycopg.errors import LockNotAvailable

from ticketing.going_back import facts_lost

# Everybody else who wants the table waits behind us that long.
LOCK_SECONDS = 2


class Command(migrate.Command):
    """Gives up when a table is busy, and goes back only as far as no fact is lost."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lose-facts",
            action="store_true",
            help="go back even where tables or columns are dropped that somebody has filled",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.may_lose_facts = options["lose_facts"]
        self.alias = options["database"]
        self.step = ""
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise CommandError(self._refusal("somebody else has locked", error)) from error
            raise
        except IntegrityError as error:
            raise CommandError(self._refusal("the data does not fit", error)) from error
        finally:
            self._wait_for_locks(0)

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        """Called before and after each step; what it raises before one keeps it from happening."""
        if migration is not None and action.endswith("_start"):
            self.step = str(migration)
            # A step without a transaction builds an index beside the traffic: it has to wait for
            # everybody, and nobody waits for it. Given up, it would leave half an index.
            self._wait_for_locks(LOCK_SECONDS if migration.atomic else 0)
            if action == "unapply_start" and not (fake or self.may_lose_facts):
                self._keep_facts(migration)
        super().migration_progress_callback(action, migration, fake)

    def _keep_facts(self, migration: Migration) -> None:
        after = MigrationLoader(connections[self.alias]).project_state(
            (migration.app_label, migration.name)
        )
        if lost := facts_lost(migration, after.apps, using=self.alias):
            told = ", ".join(f"{name} ({count} rows)" for name, count in lost.items())
            raise CommandError(
                f"Going back before {migration} would lose {told}. It is left as it is. If that is "
                "meant, take a backup first, then add --lose-facts."
            )

    def _wait_for_locks(self, seconds: int) -> None:
        """At most so long for each; 0 is for ever."""
        with connections[self.alias].cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds}s"])

    def _refusal(self, what: str, error: Exception) -> str:
        return (
            f"{self.step}: {what}: {error}. Nothing of this step was done; the earlier ones were."
        )
