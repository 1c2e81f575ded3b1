"""The sweep: settle whatever is overdue, whether its job ran or not."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.management.arguments import whole
from payments import services


class Command(BaseCommand):
    help = "Settle the orders whose time to pay is over: paid, failed or expired."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--limit", type=whole(), default=10_000, help="at most this many orders"
        )

    def handle(self, *, limit: int, **options: Any) -> None:
        sweep = services.settle_overdue_orders(limit=limit)
        for order_id, error in sweep.failed.items():
            self.stderr.write(f"Order {order_id}: {error}")
        self.stdout.write(
            f"Settled {sweep.settled} orders, {sweep.waiting} wait for the provider, "
            f"{len(sweep.failed)} failed."
        )
        if sweep.failed:
            raise CommandError("Some orders could not be settled; run it again.")
