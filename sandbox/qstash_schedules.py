"""Schedules: when they fire, and the messages they make (section 1.5)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from sandbox.config import QStashConfig
from sandbox.qstash_errors import Refusal
from sandbox.qstash_fields import Publication, read_message
from sandbox.qstash_records import Message, Schedule
from sandbox.store import Store

ZONE_PREFIX = "CRON_TZ="


def next_firing(cron: str, after: float) -> float:
    """The first moment after the given one; raises `Refusal` (400) for a wrong expression."""
    zone, fields = _split_zone(cron)
    if len(fields.split()) != 5:
        raise Refusal(400, f"invalid cron expression: {cron!r} must have five fields")
    try:
        return next(CronSim(fields, datetime.fromtimestamp(after, zone))).timestamp()
    except (CronSimError, StopIteration) as problem:
        raise Refusal(400, f"invalid cron expression: {cron!r}: {problem}") from problem


def fire(
    store: Store,
    schedule: Schedule,
    config: QStashConfig,
    publish: Callable[[Message], Message],
) -> Message:
    """Publish once; if it is not paused, the next time is counted from now.

    Times that passed while nothing ran are not made up for.
    """
    now = time.time()
    moved = replace(schedule, next_at=next_firing(schedule.cron, now), last_at=int(now * 1000))
    # Before anything can go wrong: what is refused would be due again at once, without an end.
    store.save(moved)
    message = read_message(to_publication(schedule), config)
    accepted = publish(replace(message, schedule_id=schedule.id))
    store.save(replace(moved, last_message_id=accepted.id))
    return accepted


def to_publication(schedule: Schedule) -> Publication:
    """What is published at each firing."""
    header = json.loads(schedule.header)
    return Publication(schedule.destination, header, schedule.body, schedule.caller_ip)


def _split_zone(cron: str) -> tuple[tzinfo, str]:
    if not cron.startswith(ZONE_PREFIX):
        return UTC, cron
    name, _, fields = cron.removeprefix(ZONE_PREFIX).partition(" ")
    try:
        return ZoneInfo(name), fields
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal(400, f"invalid cron expression: no time zone {name!r}") from None
