"""The log that `/v2/logs` and `/v2/events` show."""

from __future__ import annotations

import time

from sandbox.qstash_records import Happening, Message
from sandbox.store import Store


def note(
    store: Store,
    message: Message,
    state: str,
    *,
    next_at: float | None = None,
    status: int | None = None,
    error: str = "",
) -> None:
    """Write one line."""
    at = int(time.time() * 1000)
    store.save(Happening(None, message.id, at, state, next_at, status, error))
