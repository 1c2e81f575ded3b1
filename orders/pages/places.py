"""What the page of a showing shows of its places: all areas, and the rows of the one looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from django.db.models import Count, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery

from orders.pages.choice import Choice
from ticketing.models import Area, Row, Seat, SeatQuerySet, SeatStatus, Showing

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
    areas = list(_areas(showing))
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


def _areas(showing: Showing) -> QuerySet[Area]:
    seats = Seat.objects.filter(area=OuterRef("pk")).order_by()
    return (
        Area.objects.filter(showing=showing)
        .annotate(size=_count(seats), free=_count(seats.available()))
        .exclude(size=None)
        .order_by("pk")
    )


def _count(seats: SeatQuerySet) -> Subquery:
    """How many there are, or None: quicker than joining them when a house is large."""
    return Subquery(seats.values("area").values(n=Count("pk")), output_field=IntegerField())


def _open_area(areas: list[Area], choice: Choice) -> Area | None:
    """The one asked for, or the only one there is."""
    numbered = [area for area in areas if not area.is_general_admission]
    wanted = choice.area
    if choice.row:
        wanted = Row.objects.filter(pk=choice.row).values_list("area", flat=True).first()
    if len(numbered) == 1 and not wanted:
        return numbered[0]
    return next((area for area in numbered if area.pk == wanted), None)


def _rows(area: Area, choice: Choice) -> list[Row]:
    is_free = Q(seats__status=SeatStatus.AVAILABLE)
    rows = Row.objects.filter(area=area).annotate(free=Count("seats", filter=is_free))
    rows = rows.order_by("pk")
    if cast("Any", area).size > SEATS_AT_ONCE:
        return [_with_seats(row) if row.pk == choice.row else row for row in rows]
    seats = Seat.objects.order_by("pk")
    return list(rows.prefetch_related(Prefetch("seats", seats, to_attr="shown_seats")))


def _with_seats(row: Row) -> Row:
    cast("Any", row).shown_seats = list(row.seats.order_by("pk"))
    return row
