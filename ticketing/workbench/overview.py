"""An event at a glance: its showings, how many seats they have, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from ticketing.models import Area, Event, EventStatus, SeatStatus, Showing

TAKEN = [SeatStatus.HELD, SeatStatus.SOLD]


@dataclass(frozen=True)
class ShowingLine:
    """A showing with the numbers of its seats."""

    showing: Showing
    seats: int
    taken: int
    blocked: int
    prices: tuple[Decimal, Decimal] | None


def counted_areas(showings: QuerySet[Showing]) -> QuerySet[Area]:
    """Their areas, each with the numbers of its `rows_there`, `seats_there`, `taken`, `blocked`."""
    return (
        Area.objects.filter(showing__in=showings)
        .order_by("pk")
        .annotate(
            rows_there=Count("seats__row", distinct=True),
            seats_there=Count("seats"),
            taken=Count("seats", filter=Q(seats__status__in=TAKEN)),
            blocked=Count("seats", filter=Q(seats__status=SeatStatus.BLOCKED)),
        )
    )


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
