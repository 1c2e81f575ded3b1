"""Seat ids in shorthand, as the plan sends tens of thousands of them: `101-250,300`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from ticketing.ids import read_id
from ticketing.seat_plan import MOST_SEATS


def read_ids(text: str) -> set[int]:
    """The ids. Raises ValueError for anything else, and for more seats than a house can have."""
    ids: set[int] = set()
    named = 0
    for part in filter(None, text.split(",")):
        first, _dash, last = part.partition("-")
        start, end = _number(first), _number(last or first)
        if not start <= end < start + MOST_SEATS:
            raise ValueError(f"{part} is no run of seats.")
        # Counted as they are named: the same ones again and again would take as long as others.
        named += end - start + 1
        if named > MOST_SEATS:
            raise ValueError("There are not as many seats.")
        ids.update(range(start, end + 1))
    return ids


def write_ids(ids: Iterable[int]) -> str:
    """The shorthand for these ids."""
    runs = groupby(enumerate(sorted(ids)), key=lambda numbered: numbered[1] - numbered[0])
    return ",".join(_run([pk for _place, pk in run]) for _step, run in runs)


def _run(ids: list[int]) -> str:
    return str(ids[0]) if len(ids) == 1 else f"{ids[0]}-{ids[-1]}"


def _number(text: str) -> int:
    number = read_id(text)
    if number is None:
        raise ValueError(f"{text} is no id.")
    return number
