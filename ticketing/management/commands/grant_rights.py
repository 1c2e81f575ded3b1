"""After `migrate`, by the owner of the tables: see docs/security.md."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from ticketing.rights import TABLES, TooMuch, grant, make_role, set_password


class Command(BaseCommand):
    help = (
        "Give a role of the database what web, relay and sweep need, and nothing else. Makes the "
        "role if there is none. Run it again after each migrate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", required=True, metavar="ROLE")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="the role's password from now on is read from standard input",
        )

    def handle(self, *, to: str, password_stdin: bool, verbosity: int, **options: Any) -> None:
        password = sys.stdin.read().strip() if password_stdin else None
        if password == "":
            raise CommandError("There was no password on standard input. Nothing was changed.")
        try:
            with transaction.atomic():
                is_new = make_role(to)
                if password:
                    set_password(to, password)
                grant(to)
        except (TooMuch, DatabaseError) as refusal:
            raise CommandError(
                f"{refusal}\nNothing was changed.".replace("\n\n", "\n")
            ) from refusal
        if verbosity:
            self._tell(to, is_new)

    def _tell(self, role: str, is_new: bool) -> None:
        for right, tables in TABLES.items():
            self.stdout.write(f"{right.value}: {', '.join(tables)}")
        self.stdout.write(f"{role}{', which is new,' if is_new else ''} may do that, and no more.")
