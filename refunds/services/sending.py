"""Reversals on their way, many at the same time: told to their providers and recorded."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from queue import Empty, Queue, SimpleQueue
from threading import Event, Semaphore
from time import monotonic
from typing import TypeVar

from django.db import connection
from django.utils import timezone

from payments import services as payments
from payments.models import Reversal
from payments.operations.answers import Heard
from refunds.services.pay_back import record_answers, record_reversals

logger = logging.getLogger(__name__)

AHEAD = 100  # reversals that are found before there is a connection for them
# Two, so that a connection that comes free does not wait for another's commit to end.
SENDERS = 2
SOON = 0.2  # seconds in which answers are waited for to be recorded together
AT_MOST = 100  # of them

Came = Heard | int | Exception  # an answer, a reversal that was advanced, or its failure
Item = TypeVar("Item")
Given = TypeVar("Given")


def carry_out(reversal_ids: Iterator[int], *, connections: int, stopping: Event) -> Counter[str]:
    """Advance each of these reversals by one step, with so many calls to providers at a time.

    Until the ids are at their end, or `stopping` is set: then what is sent is recorded, and nothing
    else is sent. Returns how often a provider was `asked`, and how many reversals `ended` or
    `failed` with an error, which is logged. A crash leaves nothing behind that another run would
    not go on with. Raises what the iterator raises, which a thread of its own runs through.
    """
    line = _Line(connections, stopping)
    with ThreadPoolExecutor(2) as pool:
        finding = pool.submit(line.find, reversal_ids)
        recording = pool.submit(line.record)
        line.send()
        finding.result()
        return recording.result()


def together_or_alone(
    work: Callable[[Sequence[Item]], list[Given]], items: Sequence[Item]
) -> tuple[list[Given], int]:
    """What work on all of these gives, and how many failed, which is logged.

    Where they fail together, each is tried on its own.
    """
    if not items:
        return [], 0
    try:
        return work(items), 0
    except Exception:
        # Else a connection that was lost would fail each of them once more.
        connection.close_if_unusable_or_obsolete()
        if len(items) == 1:
            logger.exception("%s can't be done.", items[0])
            return [], 1
    alone = [together_or_alone(work, [item]) for item in items]
    return [each for given, _failed in alone for each in given], sum(n for _given, n in alone)


class _Line:
    """Three stages at the same time, each of which takes together what has piled up before it.

    One finds reversals, one commits that some are sent, and one records what came of it. Only the
    calls themselves are made one by one. The second stage has two threads, and works ahead by as
    many as there are connections, so that none of these waits for a commit. What waits while a
    provider falls silent is taken back, and not sent into the outage; so is what waits too long.
    """

    def __init__(self, connections: int, stopping: Event) -> None:
        self._connections, self._stopping = connections, stopping
        # For those that are being told, and as many that are marked ahead.
        self._free = Semaphore(2 * connections)
        self._found: Queue[int | None] = Queue(AHEAD)  # None: that was all
        self._came: SimpleQueue[Came | None] = SimpleQueue()
        self._is_all_told = self._is_broken = False
        self._silent_at: dict[str, datetime] = {}  # by provider, when it was so last

    def find(self, reversal_ids: Iterator[int]) -> None:
        try:
            for reversal_id in reversal_ids:
                self._found.put(reversal_id)
                if self._stopping.is_set():
                    break
        finally:
            self._found.put(None)
            connection.close()

    def send(self) -> None:
        try:
            with (
                ThreadPoolExecutor(self._connections) as calls,
                ThreadPoolExecutor(SENDERS) as senders,
            ):
                # `list`, since only whoever reads the results hears of what a sender has raised.
                list(senders.map(self._send, [calls] * SENDERS))
        finally:
            self._came.put(None)
            # Whoever finds them may wait for room in the queue, and must not do so for ever.
            while self._found.get() is not None:
                pass

    def _send(self, calls: ThreadPoolExecutor) -> None:
        try:
            while ids := self._next():
                self._start(calls, ids)
        except BaseException:
            self._is_broken = True
            # The other sender may wait for places that this one has lost.
            self._free.release()
            raise
        finally:
            connection.close()

    def record(self) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        try:
            while came := self._wait_for_answers():
                outcomes += _record(came)
        finally:
            connection.close()
        return outcomes

    def _start(self, calls: ThreadPoolExecutor, ids: Sequence[int]) -> None:
        """What was told before, or can't be marked, is advanced on its own."""
        marked, _failed = together_or_alone(payments.mark_sent, ids)
        for reversal in marked:
            calls.submit(self._call, self._tell, reversal)
        for reversal_id in set(ids) - {reversal.pk for reversal in marked}:
            calls.submit(self._call, _advance, reversal_id)

    def _next(self) -> list[int]:
        """At least one and as many as are found and there is room for; none at the end."""
        ids: list[int] = []
        # It waits for the first place only: with one in hand, what else is ready goes along and no
        # more.
        while self._free.acquire(blocking=not ids):
            reversal_id = self._take(wait=not ids)
            if reversal_id is None:
                self._free.release()
                break
            ids.append(reversal_id)
        return ids

    def _take(self, *, wait: bool) -> int | None:
        if self._stopping.is_set() or self._is_broken:
            return None
        try:
            found = self._found.get(block=wait)
        except Empty:
            return None
        if found is None:
            self._found.put(None)  # for the other sender, and for the end
        return found

    def _tell(self, reversal: Reversal) -> Came:
        """Call its provider if that is still as it was when it was marked, and it is still ours."""
        if self._stopping.is_set() or self._has_fallen_silent(reversal) or _is_for_others(reversal):
            payments.take_back(reversal)
            return reversal.pk
        heard = payments.tell(reversal)
        if _is_silence(heard):
            self._silent_at[reversal.provider] = heard.at
        return heard

    def _has_fallen_silent(self, marked: Reversal) -> bool:
        silent_at = self._silent_at.get(marked.provider)
        return bool(silent_at and marked.sent_at and marked.sent_at < silent_at)

    def _call(self, call: Callable[[Item], Came], subject: Item) -> None:
        try:
            came = call(subject)
        except Exception as error:
            logger.exception("%s can't be followed.", subject)
            came = error
        # Before the answer is handed on, so that the next call begins meanwhile.
        self._free.release()
        self._came.put(came)
        connection.close()

    def _wait_for_answers(self) -> list[Came]:
        """At least one, and what comes soon after it; none at the end.

        Silence waits for nobody: the sooner it is recorded, the fewer are sent into an outage.
        """
        if self._is_all_told:
            return []
        came, ends = [self._came.get()], monotonic() + SOON
        while came[-1] is not None and len(came) < AT_MOST:
            if _is_silence(came[-1]):
                ends = 0.0
            try:
                came.append(self._came.get(timeout=max(0.0, ends - monotonic())))
            except Empty:
                break
        self._is_all_told = came[-1] is None
        return [answer for answer in came if answer is not None]


def _is_for_others(marked: Reversal) -> bool:
    """Whether others find it sent, and nobody at it, before its turn has come."""
    return bool(marked.due_at and marked.due_at <= timezone.now())


def _is_silence(came: Came) -> bool:
    return isinstance(came, Heard) and not came.answer.code


def _advance(reversal_id: int) -> int:
    payments.advance_reversal(reversal_id)
    return reversal_id


def _record(came: Sequence[Came]) -> Counter[str]:
    heard = [each for each in came if isinstance(each, Heard)]
    logged, unlogged = together_or_alone(payments.log_answers, heard)
    ended, unrecorded = together_or_alone(record_answers, logged)
    outcomes = finish([each for each in came if isinstance(each, int)])
    broken = sum(isinstance(each, Exception) for each in came)
    failed = unlogged + unrecorded + broken
    return outcomes + Counter(asked=len(came), ended=len(ended), failed=failed)


def finish(reversal_ids: Sequence[int]) -> Counter[str]:
    """Finish the refunds of those reversals that have ended: how many, `ended` and `failed`."""
    ended, failed = together_or_alone(_finish, reversal_ids)
    return Counter(ended=len(ended), failed=failed)


def _finish(reversal_ids: Sequence[int]) -> list[int]:
    over = Reversal.objects.filter(pk__in=reversal_ids, finished_at__isnull=False)
    ids = list(over.values_list("pk", flat=True))
    if ids:
        record_reversals(reversal_ids=ids)
    return ids
