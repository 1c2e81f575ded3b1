"""An event at a glance: its showings, how many seats they have, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from ticketing.models import Area, Event, EventStatus, Row, Seat, SeatStatus, Showing


@dataclass(frozen=True)
class ShowingLine:
    """A showing with the numbers of its seats."""

    showing: Showing
    seats: int
    taken: int
    blocked: int
    prices: tuple[Decimal, Decimal] | None


def counted_areas(showings: QuerySet[Showing]) -> list[Any]:
    """Their areas, each with the numbers of its `rows_there`, `seats_there`, `taken`, `blocked`."""
    counts = Seat.objects.filter(showing__in=showings).count_states("area")
    rows = Row.objects.filter(area__showing__in=showings).values_list("area")
    rows_there = dict(rows.annotate(number=Count("pk")))
    areas: list[Any] = list(Area.objects.filter(showing__in=showings).order_by("pk"))
    for area in areas:
        states = counts[area.pk]
        area.rows_there = rows_there.get(area.pk, 0)
        area.seats_there = states.total()
        area.taken = states[SeatStatus.HELD] + states[SeatStatus.SOLD]
        area.blocked = states[SeatStatus.BLOCKED]
    return areas


def overview(event: Event) -> dict[str, Any]:
    """What the overview of an event shows, in a fixed number of queries."""
    showings = Showing.objects.filter(event=event)
    lines = _lines(event, showings)
    return {
        "lines": lines,
        "is_draft": event.status == EventStatus.DRAFT,
        "has_seats": _has_seats(lines),
        "steps": _steps(lines) if event.status == EventStatus.DRAFT else [],
    }


def _lines(event: Event, showings: QuerySet[Showing]) -> list[ShowingLine]:
    areas: dict[int, list[Any]] = {}
    for area in counted_areas(showings):
        areas.setdefault(area.showing_id, []).append(area)
    found = []
    for showing in showings.order_by("starts_at", "pk"):
        showing.event = event
        own = areas.get(showing.pk, [])
        prices = [area.price for area in own]
        found.append(
            ShowingLine(
                showing=showing,
                seats=sum(area.seats_there for area in own),
                taken=sum(area.taken for area in own),
                blocked=sum(area.blocked for area in own),
                prices=(min(prices), max(prices)) if prices else None,
            )
        )
    return found


def _steps(lines: list[ShowingLine]) -> list[tuple[str, bool]]:
    """The steps to a published event, each with whether it is done."""
    return [
        (_("Describe the event"), True),
        (_("Give it showings"), bool(lines)),
        (_("Give each showing areas and seats"), _has_seats(lines)),
        (_("Check the list and publish"), False),
    ]


def _has_seats(lines: list[ShowingLine]) -> bool:
    return bool(lines) and all(line.seats for line in lines)
