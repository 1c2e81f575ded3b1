"""Give a showing its areas, rows and seats from a CSV file, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from ticketing.errors import InvalidSeatPlan
from ticketing.models import Area, Row, Seat, Showing
from ticketing.seat_plan import PlannedArea, PlannedSeat, SeatPlan, read_seat_plan

SEATS_AT_ONCE = 5_000


def import_seat_plan(*, showing_id: int, lines: Iterable[str]) -> int:
    """Make the seats of a plan, and the areas it names that the showing has not got yet.

    `lines` are CSV with the header area,row,seat and maybe price and blocked (yes or no). A new
    area needs a price on one of its lines; one that exists must be for numbered seats and still
    be empty. Returns the number of seats made.
    Locks the showing, then its areas by ascending id; buyers of the showing don't wait.
    Raises InvalidSeatPlan with every mistake and its line; then nothing was written.
    """
    plan = read_seat_plan(lines)
    return _make(showing_id, plan)


@transaction.atomic(durable=True)
def _make(showing_id: int, plan: SeatPlan) -> int:
    showing = Showing.objects.select_for_update(of=("self",), no_key=True).get(pk=showing_id)
    areas = _lock_areas(showing)
    _check(plan, areas)
    areas |= _make_areas(showing, plan, areas)
    rows = _make_rows(plan.seats, areas)
    for start in range(0, len(plan.seats), SEATS_AT_ONCE):
        _make_seats(plan.seats[start : start + SEATS_AT_ONCE], rows)
    return len(plan.seats)


def _lock_areas(showing: Showing) -> dict[str, Area]:
    areas = showing.areas.order_by("id").select_for_update(of=("self",), no_key=True)
    return {area.name: area for area in areas}


def _check(plan: SeatPlan, areas: dict[str, Area]) -> None:
    problems = dict(plan.problems)
    for name, planned in plan.areas.items():
        problem = _area_problem(planned, areas.get(name))
        if problem:
            problems.setdefault(planned.line, problem)
    if problems:
        raise InvalidSeatPlan(
            _("No seat was made. Correct the plan and send all of it again."),
            errors=[{"line": line, "message": problems[line]} for line in sorted(problems)],
        )


def _area_problem(planned: PlannedArea, area: Area | None) -> str:
    if area is None:
        return "" if planned.price is not None else _("This area is new: give its price.")
    if area.is_general_admission:
        return _("This area has standing places, no numbered seats.")
    if area.rows.exists():
        return _("This area already has its seats.")
    if planned.price not in (None, area.price):
        return _("This area costs {price}.").format(price=area.price)
    return ""


def _make_areas(showing: Showing, plan: SeatPlan, areas: dict[str, Area]) -> dict[str, Area]:
    made = Area.objects.bulk_create(
        Area(showing=showing, name=name, price=planned.price or Decimal(0))
        for name, planned in plan.areas.items()
        if name not in areas
    )
    return {area.name: area for area in made}


def _make_rows(seats: Iterable[PlannedSeat], areas: dict[str, Area]) -> dict[tuple[str, str], Row]:
    places = dict.fromkeys((seat.area, seat.row) for seat in seats)  # a set that keeps the order
    rows = Row.objects.bulk_create(
        [Row(area=areas[area], label=label) for area, label in places], batch_size=SEATS_AT_ONCE
    )
    return dict(zip(places, rows, strict=True))


def _make_seats(planned: Sequence[PlannedSeat], rows: dict[tuple[str, str], Row]) -> None:
    seats = Seat.objects.bulk_create(_seat(each, rows[each.area, each.row]) for each in planned)
    blocked = [seat.pk for seat, each in zip(seats, planned, strict=True) if each.is_blocked]
    Seat.objects.filter(pk__in=blocked).block()


def _seat(planned: PlannedSeat, row: Row) -> Seat:
    return Seat(showing_id=row.area.showing_id, area_id=row.area_id, row=row, number=planned.number)
