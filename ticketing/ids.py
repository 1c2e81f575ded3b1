"""Ids and cursors as addresses and forms bring them."""

from __future__ import annotations

MOST_DIGITS = 18  # fits PostgreSQL's bigint


def read_id(text: str) -> int | None:
    """The number, or None where there is none that the database could have."""
    # ASCII, since Python counts more as digits than it can read as a number.
    is_id = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return int(text) if is_id else None
