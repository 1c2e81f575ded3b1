from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs import qstash
from jobs.schedules import Schedule, declared


class Command(BaseCommand):
    help = "Register the schedules at QStash. Running it twice changes nothing."

    def handle(self, **options: Any) -> None:
        if not qstash.is_configured():
            raise CommandError("QSTASH_TOKEN is not set; let cron call `run_schedule` instead.")
        try:
            changed = _register_all()
        except Exception as trouble:  # the SDK raises more than its own errors
            told = f"{type(trouble).__name__}: {trouble}"
            raise CommandError(f"QStash did not take the schedules: {told}") from trouble
        self.stdout.write(f"{len(declared())} schedules are registered, {changed} of them now.")


def _register_all() -> int:
    """Register those that QStash lacks, or has otherwise; return how many."""
    registered = {found.schedule_id: found for found in qstash.client().schedule.list()}
    changed = 0
    for schedule in declared():
        found = registered.get(_id(schedule))
        if found and (found.cron, found.destination) == (schedule.cron, qstash.destination()):
            continue
        _register(schedule)
        changed += 1
    return changed


def _id(schedule: Schedule) -> str:
    return f"ticketing-{schedule.topic.replace('.', '-')}"


def _register(schedule: Schedule) -> None:
    qstash.client().schedule.create(
        destination=qstash.destination(),
        cron=schedule.cron,
        body=json.dumps({"schedule": schedule.topic}),
        content_type="application/json",
        schedule_id=_id(schedule),
        retries=qstash.RETRIES,
    )
