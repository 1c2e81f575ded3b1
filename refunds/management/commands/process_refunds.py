"""The sweep of refunds: whatever is due, whether its job ran or not."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from refunds import services


class Command(BaseCommand):
    help = "Send approved refunds back through the payment provider and follow them to their end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, help="at most this many calls to the provider")
        parser.add_argument(
            "--connections", type=int, default=4, help="calls at the same time (default: 4)"
        )

    def handle(self, *, limit: int | None, connections: int, **options: Any) -> None:
        counts = services.process_refunds(connections=connections, limit=limit)
        self.stdout.write(
            f"Asked the provider {counts['asked']} times; {counts['ended']} refunds ended, "
            f"{counts['failed']} failed with an error."
        )
        if counts["failed"]:
            raise CommandError("Some refunds could not be processed; see the log.")
