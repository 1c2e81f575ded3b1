"""How many places of a showing are in which state, for everybody who asks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.prepared import fetch_all
from ticketing.seat_news import CURSOR, Kept, look_for_news

COUNTS = f"""
SELECT {CURSOR}, area_id, status, count(*)
FROM ticketing_seat WHERE showing_id = %(showing)s
GROUP BY area_id, status
"""


@dataclass(frozen=True)
class SeatCounts:
    """Of each area of one showing that has places: how many are in which state."""

    cursor: int
    by_area: Mapping[int, Counter[str]]

    @property
    def size(self) -> int:
        return 200 + 400 * len(self.by_area)

    def of_area(self, area_id: int) -> Counter[str]:
        return self.by_area.get(area_id, Counter())


_kept = Kept[SeatCounts](most_bytes=2_000_000)


def count_seats(showing_id: int) -> SeatCounts:
    """The counts at this moment, without counting again while no seat has changed.

    A showing that the public can't see is counted anew.
    """
    news = look_for_news(showing_id, since=0)
    if news is None:
        return _count(showing_id)
    return _kept.whole(news, lambda: _count(showing_id))


def _count(showing_id: int) -> SeatCounts:
    rows = fetch_all(COUNTS, {"showing": showing_id})
    by_area: dict[int, Counter[str]] = defaultdict(Counter)
    for _cursor, area_id, status, number in rows:
        by_area[area_id][status] = number
    # Where there are no seats, no row brings a cursor. 0 is older than any change: nobody takes
    # such a reading for a later one.
    return SeatCounts(rows[0][0] if rows else 0, dict(by_area))
