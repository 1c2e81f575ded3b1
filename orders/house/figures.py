"""What the page of a house shows of its places, however many there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

from orders.models import Order, SeatHold
from ticketing.models import Area, Row, Seat, SeatStatus, Showing


@dataclass(frozen=True)
class Counted:
    """A place (an area or a row), and how many of its seats are in which state."""

    place: Any
    by_state: Counter[str] = field(default_factory=Counter)

    @property
    def states(self) -> list[tuple[str, int]]:
        """Every state with its number, in the order in which they are always shown."""
        return [(state.value, self.by_state[state]) for state in SeatStatus]

    @property
    def size(self) -> int:
        return self.by_state.total()

    @property
    def unsold(self) -> int:
        """How many nobody has yet, for sale or not."""
        return self.by_state[SeatStatus.AVAILABLE] + self.by_state[SeatStatus.BLOCKED]

    @property
    def had(self) -> int:
        """How many somebody has, paid or not yet."""
        return self.by_state[SeatStatus.HELD] + self.by_state[SeatStatus.SOLD]


def counted_areas(showing: Showing) -> list[Counted]:
    """All areas of a showing, those without places too."""
    counts = Seat.objects.filter(showing=showing).count_states("area")
    return [Counted(area, counts[area.pk]) for area in showing.areas.order_by("pk")]


def totals(areas: list[Counted]) -> Counter[str]:
    return sum((area.by_state for area in areas), Counter())


def counted_rows(area: Area) -> list[Counted]:
    """The rows of a numbered area from front to back."""
    counts = Seat.objects.in_area(area).count_states("row")
    return [Counted(row, counts[row.pk]) for row in area.rows.order_by("pk")]


def seats_of(row: Row) -> list[Seat]:
    """The seats of a row; `holder` is the order that holds or bought one, or None."""
    seats = list(row.seats.order_by("pk"))
    orders = holders([seat.pk for seat in seats])
    for seat in seats:
        cast("Any", seat).holder = orders.get(seat.pk)
    return seats


def holders(seat_ids: list[int]) -> dict[int, Order]:
    """The order that has each of these seats, of those that somebody has."""
    live = SeatHold.objects.live().filter(seat__in=seat_ids).select_related("order")
    return {hold.seat_id: hold.order for hold in live}
