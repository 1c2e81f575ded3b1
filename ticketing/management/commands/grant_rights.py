"""After `migrate`, by the owner of the tables: see docs/security.md."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from ticketing.rights import TABLES, TooMuch, grant, make_role, set_password

FOR_OWNERS = (
    "This is for the owner of the tables, after `migrate`. An owner who may not make roles has "
    "CREATE ROLE … LOGIN done by somebody who may."
)


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
        except TooMuch as refusal:
            raise CommandError(f"{refusal}\nNothing was changed.") from refusal
        except DatabaseError as trouble:
            raise CommandError(f"{trouble}\nNothing was changed. {FOR_OWNERS}") from trouble
        if verbosity:
            self._tell(to, is_new)

    def _tell(self, role: str, is_new: bool) -> None:
        for right, tables in TABLES.items():
            self.stdout.write(f"{right.value}: {', '.join(tables)}")
        self.stdout.write(f"{role}{', which is new,' if is_new else ''} may do that, and no more.")
