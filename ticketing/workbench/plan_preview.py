"""A seat plan that was sent in, to look at: what it would make, in numbers and drawn small."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from ticketing.models import Showing
from ticketing.seat_plan import PlannedSeat, SeatPlan

SHOWN_ROWS = 200  # drawn and listed of an area; the numbers count them all
SHOWN_AREAS = 50
SEAT = 6  # the width and height of a seat with the gap behind it
PIXELS = 2  # of the page for each of the drawing
LABELS = 30  # the room for the labels of the rows


@dataclass
class RowPreview:
    """A row with its seats in the order of the file; `blocked` are runs: first index, length."""

    label: str
    seats: int = 0
    first: str = ""
    last: str = ""
    blocked: list[list[int]] = field(default_factory=list)

    def add(self, seat: PlannedSeat) -> None:
        if seat.is_blocked:
            run = self.blocked[-1] if self.blocked else None
            if run and sum(run) == self.seats:
                run[1] += 1
            else:
                self.blocked.append([self.seats, 1])
        self.first, self.last = self.first or seat.number, seat.number
        self.seats += 1

    @property
    def width(self) -> int:
        return self.seats * SEAT - 1

    @property
    def blocked_spans(self) -> list[tuple[int, int]]:
        """From where to where the drawn row is blocked."""
        return [
            (LABELS + first * SEAT, LABELS + (first + length) * SEAT - 1)
            for first, length in self.blocked
        ]

    @property
    def end(self) -> int:
        return LABELS + self.width


@dataclass
class AreaPreview:
    name: str
    price: Decimal
    is_new: bool
    rows: dict[str, RowPreview] = field(default_factory=dict)

    def add(self, seat: PlannedSeat) -> None:
        self.rows.setdefault(seat.row, RowPreview(seat.row)).add(seat)

    @property
    def seats(self) -> int:
        return sum(row.seats for row in self.rows.values())

    @property
    def blocked(self) -> int:
        return sum(length for row in self.rows.values() for _first, length in row.blocked)

    @property
    def shown_rows(self) -> list[tuple[int, RowPreview]]:
        """The rows that are drawn, each with the height at which it is."""
        shown = islice(self.rows.values(), SHOWN_ROWS)
        return [(SEAT * position + SEAT // 2, row) for position, row in enumerate(shown)]

    @property
    def rows_left_out(self) -> int:
        return max(len(self.rows) - SHOWN_ROWS, 0)

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of the drawing."""
        shown = [row for _height, row in self.shown_rows]
        return max(row.end for row in shown), len(shown) * SEAT

    @property
    def width(self) -> int:
        """At most, on the page; a wide area is drawn smaller."""
        return self.size[0] * PIXELS


def preview(plan: SeatPlan, showing: Showing) -> list[AreaPreview]:
    """The areas of a plan without mistakes, in the order of the file."""
    known = {area.name: area for area in showing.areas.all()}
    areas = {
        name: AreaPreview(
            name=name,
            price=known[name].price if name in known else planned.price or Decimal(0),
            is_new=name not in known,
        )
        for name, planned in plan.areas.items()
    }
    _fill(areas, plan.seats)
    return list(areas.values())


def _fill(areas: dict[str, AreaPreview], seats: Iterable[PlannedSeat]) -> None:
    for seat in seats:
        areas[seat.area].add(seat)
