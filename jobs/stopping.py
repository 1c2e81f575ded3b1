"""How a command that stays is told to end: between two pieces of work, never in one."""

from __future__ import annotations

import signal
from threading import Event


def told_to_stop() -> Event:
    """An event that SIGTERM, a container's stop, and Ctrl-C set."""
    stopping = Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stopping.set())
    return stopping
