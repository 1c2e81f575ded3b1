"""Seats in the words of their showing, for the log: `Stalls: A 1–20, B 3; Circle: C 1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from ticketing.models import Seat, Showing

NAMED_RUNS = 40  # in one sentence; who wants to know more looks at the plan


class Run(NamedTuple):
    """Seats that stand beside each other in a row."""

    area: str
    row: str
    first: str
    last: str

    @property
    def numbers(self) -> str:
        return self.first if self.first == self.last else f"{self.first}–{self.last}"


def told(showing: Showing, seat_ids: Sequence[int]) -> str:
    """Seats of a showing in words, by area and row; of very many, the first rows."""
    runs = list(islice(_runs(showing, seat_ids), NAMED_RUNS + 1))
    areas = [
        f"{area}: " + ", ".join(f"{run.row} {run.numbers}" for run in of_area)
        for area, of_area in groupby(runs[:NAMED_RUNS], key=lambda run: run.area)
    ]
    return "; ".join(areas) + (" …" if len(runs) > NAMED_RUNS else "")


def _runs(showing: Showing, seat_ids: Sequence[int]) -> Iterator[Run]:
    """Seats are made row by row, so those beside each other have ids that follow each other."""
    seats = Seat.objects.filter(showing=showing, pk__in=seat_ids)
    ordered = seats.order_by("area_id", "row_id", "pk")
    rows = ordered.values_list("area__name", "row__label", "number", "pk")
    for _row, beside in groupby(enumerate(rows.iterator()), key=_run_key):
        yield _run([row for _place, row in beside])


def _run_key(numbered: tuple[int, tuple[str, str, str, int]]) -> tuple[str, str, int]:
    place, (area, row, _number, pk) = numbered
    # Equal as long as ids follow each other one by one.
    return area, row, pk - place


def _run(beside: Sequence[tuple[str, str, str, int]]) -> Run:
    area, row, first, _pk = beside[0]
    return Run(area, row, first, beside[-1][2])
