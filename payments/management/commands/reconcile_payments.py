"""Compare our payments with what their providers say; the report stays in the back office."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments import services


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ArgumentTypeError("a whole number above 0")
    return int(text)


class Command(BaseCommand):
    help = "Ask the payment providers about open and recent payments; repair or report differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=positive, help="ask about at most this many payments")
        parser.add_argument(
            "--days", type=positive, help="how far back to look (default: RECONCILE_DAYS)"
        )

    def handle(self, *, limit: int | None, days: int | None, **options: Any) -> None:
        report = services.reconcile_payments(limit=limit, days=days)
        self.stdout.write(
            f"Report {report.pk}: asked about {report.asked} payments; {report.agreed} agreed, "
            f"{report.repaired} repaired, {report.cases} with a case, "
            f"{report.unanswered} without a final answer. {report.failed} failed. "
            f"Ended because {report.get_ended_display()}."
        )
        if report.failed:
            raise CommandError(f"Some payments could not be compared; see report {report.pk}.")
