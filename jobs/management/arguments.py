"""The numbers and times that commands are given: refused where they would make no sense."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import datetime

from django.utils.dateparse import parse_datetime

MOST = 2**31 - 1  # an integer of PostgreSQL's
DAY = 24 * 60 * 60  # in seconds
CENTURY = 36_500  # in days; dates do not go back much further


def whole(least: int = 1, most: int = MOST) -> Callable[[str], int]:
    """The type of an argument that counts something."""

    def read(text: str) -> int:
        is_short = text.isascii() and text.isdigit() and len(text) <= len(str(most))
        if not is_short or not least <= int(text) <= most:
            raise ArgumentTypeError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def number(least: float, most: float) -> Callable[[str], float]:
    """The type of an argument that measures something, such as seconds."""

    def read(text: str) -> float:
        try:
            given = float(text)
        except ValueError:
            given = float("nan")
        if not least <= given <= most:  # which "nan" and "inf" are not
            raise ArgumentTypeError(f"a number from {least} to {most}")
        return given

    return read


def moment(text: str) -> datetime:
    """The type of an argument that says when, with its offset from UTC."""
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ArgumentTypeError("a moment such as 2026-11-21T09:30+07:00")
    return at
