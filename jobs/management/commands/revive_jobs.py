"""For after what had killed them is mended: a mail server's refusal, say."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from jobs import outbox
from jobs.management.arguments import moment
from jobs.services import revive_jobs


class Command(BaseCommand):
    help = "Have the dead jobs of a topic tried again: all of them, or those that died lately."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("topic", choices=outbox.topics(), metavar="TOPIC")
        parser.add_argument(
            "--since",
            type=moment,
            metavar="MOMENT",
            help="only those that died since then, such as 2026-11-21T09:30+07:00",
        )

    def handle(self, *, topic: str, since: datetime | None, **options: Any) -> None:
        self.stdout.write(f"{revive_jobs(topic=topic, since=since)} jobs will be tried again.")
