"""Compare our payments with what their providers say; the report stays in the back office."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.management.arguments import CENTURY, whole
from payments import services
from payments.models import ReconciliationEnd


class Command(BaseCommand):
    help = "Ask the payment providers about open and recent payments; repair or report differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=whole(), help="ask about at most this many payments")
        parser.add_argument(
            "--days",
            type=whole(1, CENTURY),
            help="how far back to look (default: RECONCILE_DAYS)",
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
        if report.ended == ReconciliationEnd.SILENCE:
            raise CommandError("The provider was silent. Run it again for the rest.")
