"""The seat plan in one buyer's browser."""

from __future__ import annotations

import itertools
from typing import Any

from benchmarks.onsale.house import House

# People want to sit in front, and choose among so many of the best pairs.
FRONT_PAIRS = 1_000


class SeatPlan:
    """Which numbered seats are free as far as its buyer knows: a byte for each, many have one."""

    def __init__(self, house: House) -> None:
        self.cursor = ""
        self._house = house
        self._is_free = bytearray(len(house.seats))

    def read(self, seat_map: dict[str, Any]) -> None:
        """Take over the whole map, or the changes since `cursor`."""
        self.cursor = seat_map["cursor"]
        positions = self._house.positions
        for area in seat_map["areas"]:
            for row in area["rows"]:
                for seat, _number, status in row["seats"]:
                    if seat in positions:
                        self._is_free[positions[seat]] = status == "available"

    def front_pairs(self) -> list[list[int]]:
        """Free neighbours in one row, the best first."""
        house, is_free = self._house, self._is_free
        pairs = (
            [house.seats[place], house.seats[place + 1]]
            for place in range(len(is_free) - 1)
            if is_free[place] and is_free[place + 1] and house.rows[place] == house.rows[place + 1]
        )
        return list(itertools.islice(pairs, FRONT_PAIRS))
