"""Delivers messages when they are due, in parallel; the store keeps what is pending."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace

from sandbox.config import QStashConfig
from sandbox.qstash_accept import accept
from sandbox.qstash_callbacks import build_callbacks, check_callbacks
from sandbox.qstash_delivery import Deliverer
from sandbox.qstash_errors import Refusal
from sandbox.qstash_fields import Publication, read_message
from sandbox.qstash_keys import KeyRing
from sandbox.qstash_log import note
from sandbox.qstash_outcome import judge, record
from sandbox.qstash_records import ACTIVE, CANCELLED, DELIVERED, PENDING, Call, Message, Schedule
from sandbox.qstash_schedules import fire
from sandbox.store import Store
from sandbox.weather import Weather

logger = logging.getLogger(__name__)

LONGEST_SLEEP_SECONDS = 60.0


class Carrier:
    """The background part of the QStash stand-in."""

    def __init__(self, config: QStashConfig, store: Store, weather: Weather) -> None:
        self.keys = KeyRing(config, store)
        self._config = config
        self._store = store
        self._weather = weather
        self._deliverer = Deliverer(self.keys, weather)
        self._wake = asyncio.Event()
        # The loop itself holds no more than a weak reference to a task.
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Start; an attempt that an earlier process was killed in is made again."""
        for message in self._store.select(Message, state=ACTIVE):
            self._store.save(replace(message, state=PENDING))
        self._begin(self._run())

    def wake(self) -> None:
        """Look again what is due: something was added, moved or taken away."""
        self._wake.set()

    def read(self, publication: Publication) -> Message:
        """The message, not accepted yet; raises `Refusal`."""
        message = read_message(publication, self._config)
        check_callbacks(message, self._config)
        return message

    def accept(self, message: Message) -> Message:
        """Take it over; the answer is an earlier message if this was a repeat."""
        accepted = accept(self._store, self._weather, self._config, message)
        self.wake()
        return accepted

    async def deliver_now(self, message: Message) -> None:
        """Make the next attempt now; a copy is sent if the message is not waiting for one."""
        if message.state == PENDING:
            await self._attempt(self._activate(message))
        else:
            self._store.save(await self._deliverer.call(message))

    async def forget(self) -> None:
        """Break off everything under way, and go on with what the store holds then."""
        await self._stop()
        self._begin(self._run())

    async def close(self) -> None:
        """Stop and release the connections."""
        await self._stop()
        await self._deliverer.close()

    async def _stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("A delivery broke off", exc_info=task.exception())

    async def _run(self) -> None:
        while True:
            # Before looking: what comes in meanwhile is looked for in the next round.
            self._wake.clear()
            self._fire_schedules()
            self._start_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._time_to_next()):
                    await self._wake.wait()

    def _time_to_next(self) -> float:
        moments = [self._store.next_due(kind, state=PENDING) for kind in (Message, Schedule)]
        waits = [moment - time.time() for moment in moments if moment is not None]
        return min([LONGEST_SLEEP_SECONDS, *[max(0.0, wait) for wait in waits]])

    def _start_due(self) -> None:
        due = self._store.select_due(Message, time.time(), state=PENDING)
        due = [self._activate(message) for message in due]
        for message in due:
            if not message.held_until:
                self._begin(self._deliver(message))
        held = [message for message in due if message.held_until]
        if held:
            # They are in the order of their coming, and are to arrive in the opposite one.
            self._begin(self._deliver_in_turn(held[::-1]))

    def _activate(self, message: Message) -> Message:
        active = replace(message, state=ACTIVE)
        with self._store.together():
            self._store.save(active)
            note(self._store, active, "ACTIVE")
        return active

    def _fire_schedules(self) -> None:
        for schedule in self._store.select_due(Schedule, time.time(), state=PENDING):
            try:
                fire(self._store, schedule, self._config, self.accept)
            except Refusal as problem:
                logger.warning("Schedule %s: %s", schedule.id, problem)

    async def _deliver_in_turn(self, messages: list[Message]) -> None:
        for message in messages:
            await self._deliver(message)

    async def _deliver(self, message: Message) -> None:
        # Looked at only: the other value of this switch is for after a success.
        if self._weather.look("qstash_twice", message.scope) == "parallel":
            self._weather.take("qstash_twice", message.scope)
            await asyncio.gather(self._attempt(message), self._repeat(message))
            return
        after = await self._attempt(message)
        if after.state == DELIVERED and self._weather.take("qstash_twice", message.scope):
            await self._repeat(message)

    async def _repeat(self, message: Message) -> None:
        self._store.save(await self._deliverer.call(message))

    async def _attempt(self, message: Message) -> Message:
        call = await self._deliverer.call(message)
        logger.info("QStash %s to %s: %s", message.id, message.url, call.status or call.error)
        return self._settle(message, call)

    def _settle(self, message: Message, call: Call) -> Message:
        after = judge(message, call, self._config)
        # Read again: the call may have taken minutes.
        known = self._store.find(Message, id=message.id)
        if known is not None and known.state == CANCELLED:
            # It was in flight when it was cancelled; nothing follows.
            self._store.save(call)
            return known
        letter_id = record(self._store, after, call)
        for callback in build_callbacks(after, call, letter_id, self._config):
            self.accept(callback)
        self.wake()
        return after
