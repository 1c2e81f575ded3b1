from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from jobs.management.arguments import CENTURY, whole
from jobs.services import prune_jobs


class Command(BaseCommand):
    help = "Delete jobs that were done long ago. Dead ones stay, for a person to look at."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=whole(0, CENTURY), default=30, help="keep those of so many days"
        )

    def handle(self, *, days: int, **options: Any) -> None:
        self.stdout.write(f"Deleted {prune_jobs(days=days)} jobs.")
