"""The sweep: settle whatever is overdue, whether its job ran or not."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orders.models import Order
from payments import services


class Command(BaseCommand):
    help = "Settle the orders whose time to pay is over: paid, failed or expired."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, default=10_000, help="at most this many orders")

    def handle(self, *, limit: int, **options: Any) -> None:
        overdue = Order.objects.overdue(timezone.now()).order_by("expires_at")
        settled = waiting = failed = 0
        for order_id in list(overdue.values_list("pk", flat=True)[:limit]):
            try:
                again_at = services.settle_order(order_id=order_id)
            except Exception as error:
                failed += 1
                self.stderr.write(f"Order {order_id}: {type(error).__name__}: {error}")
                continue
            settled += again_at is None
            waiting += again_at is not None
        self.stdout.write(
            f"Settled {settled} orders, {waiting} wait for the provider, {failed} failed."
        )
        if failed:
            raise CommandError("Some orders could not be settled; run it again.")
