"""Row labels in shorthand: `A-F,H,1-20` is A to F, H, and 1 to 20."""

from __future__ import annotations

import re

RUN = re.compile(r"([0-9]{1,5}|[A-Z])-([0-9]{1,5}|[A-Z])")


def spell_out(shorthand: str) -> list[str]:
    """Return the labels. What is not a run of letters or numbers is a label as it stands.

    Raises ValueError for a run that goes backwards or from a letter to a number.
    """
    return [label for part in shorthand.split(",") for label in _labels(part.strip())]


def _labels(part: str) -> list[str]:
    run = RUN.fullmatch(part)
    if not run:
        return [part]
    first, last = run.groups()
    if first.isdigit() != last.isdigit():
        raise ValueError(f"{part} goes from a letter to a number.")
    labels = _numbers(first, last) if first.isdigit() else _letters(first, last)
    if not labels:
        raise ValueError(f"{part} goes backwards.")
    return labels


def _numbers(first: str, last: str) -> list[str]:
    return [str(number) for number in range(int(first), int(last) + 1)]


def _letters(first: str, last: str) -> list[str]:
    return [chr(code) for code in range(ord(first), ord(last) + 1)]
