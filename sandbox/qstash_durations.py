"""Durations, and how long to wait before a retry (qstash.md sections 1.2 and 2)."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from sandbox.qstash_expressions import evaluate

DAY = 86_400.0
UNITS = {"d": DAY, "h": 3600.0, "m": 60.0, "s": 1.0}
# Strongest first; an answer with any of them decides when the next attempt is made.
ANSWER_HEADERS = (
    "retry-after",
    "x-ratelimit-reset",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
)


def read_duration(text: str) -> float:
    """Seconds of `10s`, `5m`, `1d10h30m`; raises `ValueError` for anything else."""
    if not re.fullmatch(r"([0-9]{1,9}[dhms])+", text):
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))


def retry_seconds(retry_delay: str, retried: int, answer_header: Mapping[str, str]) -> float:
    """The wait after attempt number `retried` (from 0), before any speeding up."""
    asked = _asked_by_answer(answer_header)
    if asked is not None:
        return asked
    if retry_delay:
        return _asked_by_sender(retry_delay, retried)
    return backoff(retried)


def backoff(retried: int) -> float:
    """12 s, 2.5 min, 30 min, 6 h, then a day each."""
    # A larger power is no number any more, and a day is the most anyway.
    return min(DAY, math.exp(min(2.5 * (retried + 1), 100)))


def _asked_by_sender(expression: str, retried: int) -> float:
    try:
        return max(0.0, evaluate(expression, retried) / 1000)
    except ValueError:  # such as sqrt(1 - retried), which is fine only at first
        return backoff(retried)


def _asked_by_answer(header: Mapping[str, str]) -> float | None:
    for name in ANSWER_HEADERS:
        seconds = _read_wait(header.get(name, "").strip())
        if seconds is not None and seconds <= DAY:
            return max(0.0, seconds)
    return None


def _read_wait(text: str) -> float | None:
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", text):
        return float(text)
    try:
        return read_duration(text)
    except ValueError:
        return _read_date(text)


def _read_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return None
