from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from qstash.schedule import Schedule as Registered

from jobs import qstash
from jobs.schedules import Schedule, declared

PREFIX = "ticketing-"


class Command(BaseCommand):
    help = (
        "Have QStash fire the schedules of this release, as they are declared, and no others of "
        "ours. Run it after each upgrade; running it twice changes nothing."
    )

    def handle(self, **options: Any) -> None:
        if not qstash.is_configured():
            raise CommandError("QSTASH_TOKEN is not set; `run_due_jobs` fires the schedules.")
        try:
            changed, deleted = _register_all()
        except Exception as trouble:  # the SDK raises more than its own errors
            told = f"{type(trouble).__name__}: {trouble}"
            raise CommandError(f"QStash did not take the schedules: {told}") from trouble
        self.stdout.write(
            f"{len(declared())} schedules are registered, {changed} of them now; "
            f"{deleted} that are not declared any more are deleted."
        )


def _register_all() -> tuple[int, int]:
    """Register what QStash lacks or has otherwise, delete what is left of us; how many of each."""
    api = qstash.client().schedule
    registered = {found.schedule_id: found for found in api.list()}
    wanted = {_id(schedule): schedule for schedule in declared()}
    left = [name for name, found in registered.items() if name not in wanted and _is_ours(found)]
    # First: an account that is full takes no others.
    for name in left:
        api.delete(name)
    changed = [name for name in wanted if not _is_as_declared(registered.get(name), wanted[name])]
    for name in changed:
        _register(wanted[name])
        # QStash does not say whether registering it anew ends a pause.
        if name in registered and registered[name].paused:
            api.resume(name)
    return len(changed), len(left)


def _is_as_declared(found: Registered | None, schedule: Schedule) -> bool:
    if found is None or found.paused:
        return False
    told = found.cron, found.destination, found.body, found.retries
    return told == (schedule.cron, qstash.destination(), _body(schedule), qstash.RETRIES)


def _is_ours(found: Registered) -> bool:
    """Of this shop, and not of another one with the same account."""
    return found.schedule_id.startswith(PREFIX) and found.destination == qstash.destination()


def _id(schedule: Schedule) -> str:
    return f"{PREFIX}{qstash.site()}-{schedule.topic.replace('.', '-')}"


def _body(schedule: Schedule) -> str:
    return json.dumps({"schedule": schedule.topic})


def _register(schedule: Schedule) -> None:
    qstash.client().schedule.create(
        destination=qstash.destination(),
        cron=schedule.cron,
        body=_body(schedule),
        content_type="application/json",
        schedule_id=_id(schedule),
        retries=qstash.RETRIES,
    )
