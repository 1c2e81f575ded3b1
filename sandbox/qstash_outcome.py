"""What becomes of a message after an attempt (qstash.md section 2)."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace

from sandbox.config import QStashConfig
from sandbox.qstash_durations import retry_seconds
from sandbox.qstash_log import note
from sandbox.qstash_records import DELIVERED, FAILED, PENDING, Call, DeadLetter, Message
from sandbox.store import Store

NOT_RETRYABLE = 489


def judge(message: Message, call: Call, config: QStashConfig) -> Message:
    """Delivered, to be tried again, or failed."""
    if call.status is not None and 200 <= call.status < 300:
        return replace(message, state=DELIVERED)
    if message.retried >= message.max_retries or _forbids_retries(call):
        return replace(message, state=FAILED)
    wait = retry_seconds(message.retry_delay, message.retried, _answer_header(call))
    return replace(
        message,
        state=PENDING,
        retried=message.retried + 1,
        next_at=time.time() + wait * config.retry_factor,
        # Only the first attempt is held back.
        held_until=0,
    )


def record(store: Store, after: Message, call: Call) -> str:
    """Save what an attempt led to; returns the id of the dead letter, if it became one."""
    status, error = call.status, call.error
    with store.together():
        store.save(call)
        store.save(after)
        if after.state == DELIVERED:
            note(store, after, "DELIVERED", status=status)
            return ""
        note(store, after, "ERROR", status=status, error=error)
        if after.state == PENDING:
            note(store, after, "RETRY", next_at=after.next_at, status=status, error=error)
            return ""
        note(store, after, "FAILED", status=status, error=error)
        return _bury(store, call)


def _bury(store: Store, call: Call) -> str:
    now = int(time.time() * 1000)
    letter = DeadLetter(
        id=f"{now}-{uuid.uuid4().int % 10**6}",
        message_id=call.message_id,
        at=now,
        status=call.status or 0,
        header=call.header,
        body=call.body or call.error.encode(),
    )
    store.save(letter)
    return letter.id


def _forbids_retries(call: Call) -> bool:
    """Both parts are documented together; one without the other does not count."""
    header = _answer_header(call).get("upstash-nonretryable-error", "")
    return call.status == NOT_RETRYABLE and header.lower() == "true"


def _answer_header(call: Call) -> dict[str, str]:
    header: dict[str, list[str]] = json.loads(call.header)
    return {name.lower(): values[0] for name, values in header.items()}
