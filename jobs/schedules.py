"""What has to be done again and again: declared by the apps, fired by QStash, or by cron."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from jobs import outbox
from jobs.models import Job


class UnknownSchedule(LookupError):
    """No app declares a schedule of that name."""


@dataclass(frozen=True)
class Schedule:
    """`cron` in UTC, five fields."""

    topic: str
    cron: str


_declared: dict[str, Schedule] = {}


def declare(topic: str, *, cron: str) -> None:
    """Have a job of `topic`, without payload, made at these times. The topic is the name."""
    _declared[topic] = Schedule(topic, cron)


def declared() -> list[Schedule]:
    return sorted(_declared.values(), key=lambda schedule: schedule.topic)


def enqueue(topic: str) -> None:
    """Make the job of a schedule due now, unless an earlier one is still waiting or at work.

    Raises UnknownSchedule.
    """
    if topic not in _declared:
        raise UnknownSchedule(topic)
    now = timezone.now()
    if not Job.objects.unfinished().filter(topic=topic, run_at__lte=now).exists():
        outbox.enqueue(topic, run_at=now)
