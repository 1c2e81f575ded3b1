from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.schedules import UnknownSchedule, declared, enqueue


class Command(BaseCommand):
    help = "Make the job of a schedule due now, before its time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(schedule.topic for schedule in declared())
        parser.add_argument("topic", help=f"one of: {names}")

    def handle(self, *, topic: str, **options: Any) -> None:
        try:
            enqueue(topic)
        except UnknownSchedule as unknown:
            raise CommandError(f"There is no schedule {unknown}.") from unknown
        self.stdout.write(f"{topic} is due now; run_due_jobs or QStash runs it.")
