"""The codes that people read aloud, show at a door, and must not guess."""

from __future__ import annotations

import secrets

# No letters or digits that people confuse when they read a code aloud.
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def order_code() -> str:
    """60 random bits: short enough to say on the telephone, too many to guess."""
    return _code(12)


def ticket_code() -> str:
    """130 random bits: whoever knows it gets in."""
    return _code(26)


def _code(length: int) -> str:
    bits = secrets.randbits(5 * length)  # in one go: the alphabet has 32 characters
    return "".join(CODE_ALPHABET[bits >> 5 * place & 31] for place in range(length))
