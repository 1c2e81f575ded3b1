"""What has to be done again and again: declared by the apps, fired by QStash, or by cron."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from jobs import outbox
from jobs.models import Job

# Then the message of a job that is due was lost: nobody else would sweep up that of the sweep.
LOST_AFTER = timedelta(minutes=10)


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

    One that has waited in vain for `LOST_AFTER` keeps no other back. Raises UnknownSchedule.
    """
    if topic not in _declared:
        raise UnknownSchedule(topic)
    now = timezone.now()
    is_coming = Q(run_at__gt=now - LOST_AFTER) | Q(leased_until__gt=now)
    earlier = Job.objects.unfinished().filter(is_coming, topic=topic, run_at__lte=now)
    if not earlier.exists():
        outbox.enqueue(topic, run_at=now)
