"""The sweep of refunds: whatever is due, whether its job ran or not."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.management.arguments import whole
from jobs.stopping import told_to_stop
from refunds import services
from refunds.management.arguments import add_connections


class Command(BaseCommand):
    help = (
        "Send approved refunds back through the payment provider and follow them to their end. "
        "May run beside the job workers and beside itself, be stopped and started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=whole(), help="about so many calls to the provider")
        add_connections(parser)

    def handle(self, *, limit: int | None, connections: int, **options: Any) -> None:
        counts = services.process_refunds(
            connections=connections, limit=limit, stopping=told_to_stop()
        )
        self.stdout.write(
            f"Asked the provider {counts['asked']} times; {counts['ended']} refunds ended, "
            f"{counts['failed']} failed with an error."
        )
        if counts["failed"]:
            raise CommandError("Some refunds could not be processed; see the log.")
