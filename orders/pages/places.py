"""What the page of a showing shows of its places: all areas, and the rows of the one looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch

from orders.pages.choice import Choice
from ticketing.models import Area, Row, Seat, SeatStatus, Showing
from ticketing.seat_counts import count_seats

SEATS_AT_ONCE = 600  # of an area whose rows are all listed; of a larger one, a row at a time


@dataclass
class Places:
    """Areas with `free` and `size`; `rows` of `open_area`, the listed ones with `shown_seats`."""

    numbered: list[Area]
    standing: list[Area]
    chosen: list[Seat]
    open_area: Area | None = None
    rows: list[Row] = field(default_factory=list)

    @property
    def listed_rows(self) -> set[int]:
        """Rows whose seats stand in the list; a chosen seat of theirs is given up there."""
        return {row.pk for row in self.rows if hasattr(row, "shown_seats")}


def places_of(showing: Showing, choice: Choice) -> Places:
    """Read what the page needs, however large the house is: never all of its seats."""
    areas = _areas(showing)
    open_area = _open_area(areas, choice)
    return Places(
        numbered=[area for area in areas if not area.is_general_admission],
        standing=[area for area in areas if area.is_general_admission],
        chosen=chosen_seats(showing, choice.seats),
        open_area=open_area,
        rows=_rows(open_area, choice) if open_area else [],
    )


def chosen_seats(showing: Showing, seat_ids: tuple[int, ...]) -> list[Seat]:
    """Those of the ids that are numbered seats of this showing, as they are named on tickets."""
    seats = Seat.objects.filter(showing=showing, area__is_general_admission=False)
    return list(seats.filter(pk__in=seat_ids).select_related("area", "row").order_by("pk"))


def _areas(showing: Showing) -> list[Area]:
    """Those that have seats, with `size` and `free`."""
    counts = count_seats(showing.pk).by_area
    areas: list[Any] = list(showing.areas.filter(pk__in=counts).order_by("pk"))
    for area in areas:
        area.size, area.free = counts[area.pk].total(), counts[area.pk][SeatStatus.AVAILABLE]
    return areas


def _open_area(areas: list[Area], choice: Choice) -> Area | None:
    """The one asked for, or the only one there is."""
    numbered = [area for area in areas if not area.is_general_admission]
    wanted = choice.area
    if choice.row:
        wanted = Row.objects.filter(pk=choice.row).values_list("area", flat=True).first()
    if len(numbered) == 1 and not wanted:
        return numbered[0]
    return next((area for area in numbered if area.pk == wanted), None)


def _rows(area: Any, choice: Choice) -> list[Row]:
    rows = area.rows.order_by("pk")
    if area.size <= SEATS_AT_ONCE:
        seats = Seat.objects.order_by("pk")
        rows = rows.prefetch_related(Prefetch("seats", seats, to_attr="shown_seats"))
    counts = Seat.objects.in_area(area).count_states("row")
    listed = list(rows)
    for row in listed:
        row.free = counts[row.pk][SeatStatus.AVAILABLE]
        if row.pk == choice.row and area.size > SEATS_AT_ONCE:
            row.shown_seats = list(row.seats.order_by("pk"))
    return listed
