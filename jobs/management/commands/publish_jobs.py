"""The relay: a small process that stays and hands jobs to QStash."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from jobs import qstash
from jobs.management.arguments import DAY, number
from jobs.outages import forget_connection
from jobs.outbox import CHANNEL
from jobs.relay import publish_all
from jobs.stopping import told_to_stop

logger = logging.getLogger(__name__)

LONGEST_WAIT = 30.0
MOST_DOUBLINGS = 10  # more make no difference, and a thousand no number any more


class Command(BaseCommand):
    help = "Publish waiting jobs to QStash, and keep doing so: wakes at once when one is made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="publish what waits now, and end")
        parser.add_argument(
            "--poll",
            type=number(0.1, DAY),
            default=1.0,
            metavar="SECONDS",
            help="look this often anyway",
        )

    def handle(self, *, once: bool, poll: float, **options: Any) -> None:
        if not qstash.is_configured():
            raise CommandError("QSTASH_TOKEN is not set; `run_due_jobs` works without QStash.")
        if once:
            self._publish_once()
        else:
            self._stay(poll)

    def _publish_once(self) -> None:
        tried, taken = publish_all(Event())
        self.stdout.write(f"Published {taken} jobs.")
        if taken < tried:
            raise CommandError(f"QStash refused {tried - taken} more; the log says why.")

    def _stay(self, poll: float) -> None:
        stopping = told_to_stop()
        self.stdout.write(f"Publishing jobs to {settings.QSTASH_URL}.")
        failures = 0
        while not stopping.is_set():
            try:
                publish_all(stopping)
                self._wait_for_news(poll)
                failures = 0
            except Exception as trouble:  # whatever is down, the jobs wait in their table
                failures += 1
                logger.error("Trying again soon: %s: %s", type(trouble).__name__, trouble)
                forget_connection()
                stopping.wait(pause_after(failures))

    def _wait_for_news(self, poll: float) -> None:
        """Until a job is made, or so many seconds."""
        with connection.cursor() as cursor:
            # Each time: after an outage this is another connection, and repeating it costs next to
            # nothing. What comes before the first is found after `poll` at the latest.
            cursor.execute(f"LISTEN {CHANNEL}")
        for _ in connection.connection.notifies(timeout=poll, stop_after=1):
            pass


def pause_after(failures: int) -> float:
    """Seconds until the next try, twice as long after each further failure up to half a minute."""
    return min(0.5 * 2.0 ** min(failures, MOST_DOUBLINGS), LONGEST_WAIT)
