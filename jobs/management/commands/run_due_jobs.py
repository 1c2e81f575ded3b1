"""The fallback that needs no queue: run what is due, once or every few seconds.

It runs and fires what QStash has not in time. Where there is none it does all the work, and waits
for nobody.
"""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from collections import Counter
from datetime import timedelta
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs import qstash, schedules
from jobs.management.arguments import DAY, number, whole
from jobs.outages import OUTAGES, forget_connection
from jobs.services import run_due_jobs
from jobs.stopping import told_to_stop

logger = logging.getLogger(__name__)

AT_ONCE = 200  # then it says so
# Then it looks anew at what is due, and at the schedules: a mail server may be silent for hours.
AT_ONCE_SECONDS = 30


class Command(BaseCommand):
    help = "Run the jobs that are due: settle orders, send mails, and so on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=whole(), help="stop after this many jobs")
        parser.add_argument(
            "--every",
            type=number(0.1, DAY),
            metavar="SECONDS",
            help="keep running, this often, until stopped",
        )
        parser.add_argument(
            "--overdue-by",
            type=number(0, DAY),
            default=0,
            metavar="SECONDS",
            help="leave QStash, if there is one, so much time to do it first",
        )

    def handle(
        self, *, limit: int | None, every: float | None, overdue_by: float, **options: Any
    ) -> None:
        self.overdue_by = timedelta(seconds=overdue_by if qstash.is_configured() else 0)
        if every is None:
            self._once(limit)
            return
        stopping = told_to_stop()
        self.stdout.write(f"Running what is due every {every:g} seconds.")
        while not stopping.is_set():
            # As many as it may run at once: then more are due, and there is nothing to wait for.
            if self._survive_outages(limit or AT_ONCE, stopping) < AT_ONCE:
                stopping.wait(every)

    def _once(self, limit: int | None) -> None:
        outcomes = self._run(limit)
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        self.stdout.write(f"Ran {outcomes.total()} jobs: {told or 'none were due'}.")
        if outcomes["failed"] or outcomes["dead"]:
            raise CommandError("Some jobs failed; their errors are on the job rows and in the log.")

    def _survive_outages(self, limit: int, stopping: Event) -> int:
        """Run some jobs; return how many."""
        try:
            outcomes = self._run(limit, stopping, AT_ONCE_SECONDS)
        except OUTAGES as error:
            logger.error("The database is away, trying again: %s", error)
            forget_connection()
            return 0
        if outcomes:
            self.stdout.write(f"Ran {outcomes.total()} jobs: {dict(outcomes)}.")
        return outcomes.total()

    def _run(
        self, limit: int | None, stopping: Event | None = None, seconds: float | None = None
    ) -> Counter[str]:
        schedules.fire_all(overdue_by=self.overdue_by)
        return run_due_jobs(
            limit=limit, overdue_by=self.overdue_by, seconds=seconds, stopping=stopping
        )
