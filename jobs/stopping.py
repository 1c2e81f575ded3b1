"""How what works for long is ended: between two pieces of work, never in one."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterable, Iterator
from threading import Event
from typing import TypeVar

Piece = TypeVar("Piece")

# For a handler of many pieces: one more call after that still ends within the job's lease.
SLICE_SECONDS = 60.0


def end_of(seconds: float | None) -> float:
    """When so many seconds will have passed, by `time.monotonic`; None is never."""
    return math.inf if seconds is None else time.monotonic() + seconds


def for_a_while(pieces: Iterable[Piece], seconds: float | None) -> Iterator[Piece]:
    """One after the other, and none any more once so many seconds have passed; None is for ever."""
    ends = end_of(seconds)
    for piece in pieces:
        if time.monotonic() >= ends:
            return
        yield piece


def told_to_stop() -> Event:
    """An event that SIGTERM, a container's stop, and Ctrl-C set."""
    stopping = Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stopping.set())
    return stopping
