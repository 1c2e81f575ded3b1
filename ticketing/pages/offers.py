"""What a showing offers at a moment: whether it sells, and from which price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.db.models import Exists, OuterRef, QuerySet

from ticketing.models import Area, EventStatus, Row, Showing, has_free_seat


@dataclass(frozen=True)
class Offer:
    """`areas` have places at all; `is_free` of each says that one of them can be had."""

    showing: Showing
    now: datetime
    areas: list[Area] = field(default_factory=list)

    @property
    def state(self) -> str:
        """One word for what a visitor has to know first."""
        event = self.showing.event
        if event.is_closed:
            return "cancelled"
        if event.status == EventStatus.POSTPONED:
            return "postponed"
        if self.now < self.showing.ticket_sale_start:
            return "not_yet"
        if not self.showing.is_on_sale(self.now):
            return "over"
        if not self.areas:
            return "no_places"  # somebody is still making them
        return "on_sale" if self._free_areas else "sold_out"

    @property
    def from_price(self) -> Decimal | None:
        """The least price, of what is left if anything is."""
        prices = [area.price for area in self._free_areas or self.areas]
        return min(prices, default=None)

    @property
    def has_one_price(self) -> bool:
        return len({area.price for area in self._free_areas or self.areas}) == 1

    @property
    def _free_areas(self) -> list[Area]:
        return [area for area in self.areas if cast("Any", area).is_free]


def offers_of(showings: Iterable[Showing], now: datetime) -> list[Offer]:
    """The offers of these showings in their order, with one query for all of them."""
    listed = list(showings)
    areas: dict[int, list[Area]] = defaultdict(list)
    for area in _areas(listed):
        areas[area.showing_id].append(area)
    return [Offer(showing, now, areas[showing.pk]) for showing in listed]


def _areas(showings: list[Showing]) -> QuerySet[Area]:
    rows = Row.objects.filter(area=OuterRef("pk"))
    return (
        Area.objects.filter(Exists(rows), showing__in=showings)
        .annotate(is_free=has_free_seat())
        .order_by("pk")
    )
