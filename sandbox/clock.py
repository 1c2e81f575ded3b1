"""VNPay's time: fourteen digits, fixed UTC+7 (vnpay.md section 9)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))
FORMAT = "%Y%m%d%H%M%S"

_last_number = 0


def now() -> datetime:
    """The present instant, aware."""
    return datetime.now(UTC)


def to_stamp(moment: datetime) -> str:
    """Write an aware instant the way VNPay does."""
    return moment.astimezone(VIETNAM).strftime(FORMAT)


def from_stamp(text: str) -> datetime:
    """Read fourteen digits of Vietnam time; raises `ValueError` unless they are a real date."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        raise ValueError(f"not fourteen digits: {text!r}")
    return datetime.strptime(text, FORMAT).replace(tzinfo=VIETNAM)


def next_number() -> str:
    """A growing number of 13 digits, such as VNPay gives to payments and refunds.

    It follows the clock, so that a reset or a restart with lost state hands out no number twice.
    """
    global _last_number
    _last_number = max(_last_number + 1, time.time_ns() // 1_000_000)
    return str(_last_number)
