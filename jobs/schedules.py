"""What has to be done again and again: declared by the apps, fired by QStash, else by the sweep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.db.models import Q
from django.utils import timezone

from jobs import outbox
from jobs.models import Job

SWEEP = "jobs.sweep"
# Then the message of a job that is due was lost: nobody else would sweep up that of the sweep.
LOST_AFTER = timedelta(minutes=10)


class UnknownSchedule(LookupError):
    """No app declares a schedule of that name."""


@dataclass(frozen=True)
class Schedule:
    """`cron` in UTC, five fields, each `*`, `*/5` or a number; once a day at least."""

    topic: str
    cron: str


_declared: dict[str, Schedule] = {}


def declare(topic: str, *, cron: str) -> None:
    """Have a job of `topic`, without payload, made at these times. The topic is the name."""
    _declared[topic] = Schedule(topic, cron)


def declared() -> list[Schedule]:
    return sorted(_declared.values(), key=lambda schedule: schedule.topic)


def enqueue(topic: str, *, key: str | None = None) -> None:
    """Make the job of a schedule due now, unless an earlier one is still waiting or at work.

    One that has waited in vain for `LOST_AFTER` keeps no other back; of all with the same `key`
    there is only one, ever. Raises UnknownSchedule.
    """
    _named(topic)
    now = timezone.now()
    is_coming = Q(run_at__gt=now - LOST_AFTER) | Q(leased_until__gt=now)
    # One that is to be tried again later may wait for an hour: it keeps no other back.
    earlier = Job.objects.unfinished().filter(is_coming, topic=topic, run_at__lte=now)
    if not earlier.exists():
        outbox.enqueue(topic, run_at=now, key=key)


def fire(topic: str, *, overdue_by: timedelta = timedelta(0)) -> None:
    """Make the job of a schedule due for the latest of its times that is so long ago.

    For each time once, however many do this and however often. Raises UnknownSchedule.
    """
    minute = (timezone.now() - overdue_by).replace(second=0, microsecond=0)
    at = last_firing(_named(topic).cron, minute)
    key = f"{topic} {at:%Y-%m-%dT%H:%M}"
    if not Job.objects.filter(key=key).exists():
        enqueue(topic, key=key)


def fire_all(*, overdue_by: timedelta) -> None:
    """Fire what nobody has: QStash, where there is one, has that much time to do it.

    A time at which nobody did it is made up for, for as long as a day. Whoever does this sweeps by
    itself, and has no job made for it.
    """
    for schedule in declared():
        if schedule.topic != SWEEP:
            fire(schedule.topic, overdue_by=overdue_by)


def _named(topic: str) -> Schedule:
    if topic not in _declared:
        raise UnknownSchedule(topic)
    return _declared[topic]


# Each look of the sweep asks, and an answer takes up to 1,440 steps.
@lru_cache(maxsize=100)
def last_firing(cron: str, minute: datetime) -> datetime:
    """The latest of these times, at that minute or before it."""
    # A day is enough, since each schedule has a time at least once a day.
    minutes = (minute - timedelta(minutes=ago) for ago in range(24 * 60))
    return next(each for each in minutes if _is_time(cron, each))


def _is_time(cron: str, minute: datetime) -> bool:
    # Cron counts from Sunday, which is 0 there and 7 in ISO.
    values = (minute.minute, minute.hour, minute.day, minute.month, minute.isoweekday() % 7)
    return all(_fits(*each) for each in zip(cron.split(), values, strict=True))


def _fits(field: str, value: int) -> bool:
    if field.startswith("*/"):
        return value % int(field.removeprefix("*/")) == 0
    return field == "*" or int(field) == value
