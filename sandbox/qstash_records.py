"""What the QStash stand-in remembers. The first field of a record is its key in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

PENDING, ACTIVE = "pending", "active"
DELIVERED, FAILED, CANCELLED, LOST = "delivered", "failed", "cancelled", "lost"
PAUSED = "paused"


@dataclass(frozen=True)
class Message:
    """One message: `pending` and `active` by turns, until it reaches one of the other states.

    Header fields are JSON objects, name to list of values. `created_at` and `not_before` are Unix
    milliseconds, `next_at` is Unix seconds. `parallelism`: of calls with the same flow control key,
    so many at a time. `held_until`: see the switch qstash_reversed_seconds.
    """

    table: ClassVar[str] = "qstash_messages"

    id: str
    url: str
    method: str
    body: bytes
    header: str
    max_retries: int
    retry_delay: str
    timeout: float
    callback: str
    callback_header: str
    failure_callback: str
    failure_callback_header: str
    label: str
    deduplication_id: str
    caller_ip: str
    created_at: int
    not_before: int
    next_at: float
    schedule_id: str = ""
    retried: int = 0
    held_until: float = 0
    state: str = PENDING
    flow_control_key: str = ""
    parallelism: int = 0

    @property
    def is_known(self) -> bool:
        """Whether QStash still shows it: finished messages are gone (section 1.1)."""
        return self.state in (PENDING, ACTIVE)

    @property
    def scope(self) -> str:
        """The label that weather may be limited to; the first one if there are several."""
        return self.label.split(",")[0].strip()


@dataclass(frozen=True)
class Call:
    """One call of a destination and its answer, or the reason why there was none."""

    table: ClassVar[str] = "qstash_calls"

    id: str
    message_id: str
    at: float
    seconds: float
    retried: int
    request_header: str
    status: int | None
    header: str
    body: bytes
    error: str


@dataclass(frozen=True)
class Happening:
    """One line of the log (`/v2/logs`); `at` is Unix milliseconds."""

    table: ClassVar[str] = "qstash_log"

    id: int | None
    message_id: str
    at: int
    state: str
    next_at: float | None = None
    status: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Deduplication:
    """Since when a deduplication id is taken, and by which message."""

    table: ClassVar[str] = "qstash_deduplications"

    id: str
    message_id: str
    at: float


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up, with the last answer."""

    table: ClassVar[str] = "qstash_dlq"

    id: str
    message_id: str
    at: int
    status: int
    header: str
    body: bytes


@dataclass(frozen=True)
class Schedule:
    """Publishes by the clock. `header` is the JSON of what was sent to create it."""

    table: ClassVar[str] = "qstash_schedules"

    id: str
    destination: str
    cron: str
    header: str
    body: bytes
    caller_ip: str
    created_at: int
    next_at: float
    last_at: int | None = None
    last_message_id: str = ""
    state: str = PENDING


@dataclass(frozen=True)
class KeyPair:
    """The signing keys after a rotation; `configured` are those that the process started with."""

    table: ClassVar[str] = "qstash_keys"

    configured: str
    current: str
    next: str


KINDS = (Message, Call, Happening, Deduplication, DeadLetter, Schedule, KeyPair)
