"""How full the houses are: places sold of places for sale, of an event and of its areas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ticketing.models import Area, Seat, SeatStatus, Showing


@dataclass(frozen=True)
class Occupancy:
    """Blocked places are no places: nobody can buy them."""

    sold: int
    places: int

    @property
    def percent(self) -> int:
        """Rounded down: only a house that is sold out is full."""
        return 100 * self.sold // self.places if self.places else 0


@dataclass(frozen=True)
class AreaHouse:
    area: Area
    occupancy: Occupancy


@dataclass(frozen=True)
class House:
    """All places of an event, area by area."""

    areas: list[AreaHouse] = field(default_factory=list)

    @property
    def occupancy(self) -> Occupancy:
        return Occupancy(
            sum(each.occupancy.sold for each in self.areas),
            sum(each.occupancy.places for each in self.areas),
        )


@dataclass(frozen=True)
class ShowingHouse:
    """The areas of one showing."""

    showing: Showing
    areas: list[AreaHouse]


def houses_of(event_ids: Sequence[int]) -> dict[int, House]:
    """The houses of these events, in two statements whatever their size."""
    counts = _counts(event_ids)
    houses = {event_id: House() for event_id in event_ids}
    areas = Area.objects.filter(showing__event__in=event_ids).select_related("showing__event")
    for area in areas.order_by("showing__starts_at", "pk"):
        if area.pk in counts:
            house = houses[area.showing.event_id]
            house.areas.append(AreaHouse(area, counts[area.pk]))
    return houses


def next_showings(houses: Iterable[House], now: datetime, limit: int) -> list[ShowingHouse]:
    """The showings that are still to come, soonest first."""
    by_showing: dict[int, ShowingHouse] = {}
    for area in (area for house in houses for area in house.areas):
        showing = area.area.showing
        if showing.ends_at > now:
            by_showing.setdefault(showing.pk, ShowingHouse(showing, [])).areas.append(area)
    soonest = sorted(by_showing.values(), key=lambda each: each.showing.starts_at)
    return soonest[:limit]


def _counts(event_ids: Sequence[int]) -> dict[int, Occupancy]:
    # By showing, since seats have no index by area but for the free ones.
    seats = Seat.objects.filter(showing__in=Showing.objects.filter(event__in=event_ids))
    found = seats.count_states("area").items()
    return {area_id: _occupancy(counts) for area_id, counts in found}


def _occupancy(counts: Counter[str]) -> Occupancy:
    return Occupancy(counts[SeatStatus.SOLD], counts.total() - counts[SeatStatus.BLOCKED])
