"""Takes a message in, once per deduplication id, and prepares what the weather does to it."""

from __future__ import annotations

import time
from dataclasses import replace

from sandbox.config import QStashConfig
from sandbox.qstash_log import note
from sandbox.qstash_records import LOST, PENDING, Deduplication, Message
from sandbox.store import Store
from sandbox.weather import Weather


def accept(store: Store, weather: Weather, limits: QStashConfig, message: Message) -> Message:
    """The message that will be delivered: this one, or the first with its deduplication id.

    The id stays taken for the whole window, whatever became of the first message (section 1.3).
    """
    first = _find_first(store, limits, message)
    if first is not None:
        return first
    message = _weathered(store, weather, message)
    with store.together():
        store.save(message)
        if message.deduplication_id:
            store.save(Deduplication(message.deduplication_id, message.id, time.time()))
        note(store, message, "CREATED", next_at=message.next_at)
    return message


def _find_first(store: Store, limits: QStashConfig, message: Message) -> Message | None:
    if not message.deduplication_id:
        return None
    taken = store.find(Deduplication, id=message.deduplication_id)
    if taken is None or time.time() - taken.at >= limits.deduplication_seconds:
        return None
    return store.find(Message, id=taken.message_id)


def _weathered(store: Store, weather: Weather, message: Message) -> Message:
    if weather.take("qstash_dropped", message.scope):
        return replace(message, state=LOST)
    late = float(weather.take("qstash_late_seconds", message.scope))
    message = replace(message, next_at=message.next_at + late)
    held = float(weather.take("qstash_reversed_seconds", message.scope))
    return _hold(store, message, held) if held else message


def _hold(store: Store, message: Message, seconds: float) -> Message:
    """Let it wait for those that come after it within so many seconds of the first."""
    now = time.time()
    waiting = [
        each.held_until
        for each in store.select(Message, state=PENDING)
        if each.held_until > now and each.scope == message.scope
    ]
    until = min(waiting, default=now + seconds)
    return replace(message, next_at=max(message.next_at, until), held_until=until)
