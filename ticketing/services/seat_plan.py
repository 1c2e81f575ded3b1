"""Give a showing its areas, rows and seats from a CSV file, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ticketing.connections import plan_anew
from ticketing.errors import InvalidSeatPlan
from ticketing.event_changes import lock_for_change
from ticketing.models import Area, Row, SeatPlanUpload, Showing
from ticketing.roles import require
from ticketing.seat_plan import PlannedArea, PlannedSeat, SeatPlan, Unusable, read_seat_plan
from ticketing.seat_plan_file import decode, read_text
from ticketing.transition_log import note

ROWS_AT_ONCE = 5_000

# One statement however many seats: objects of our own would take ten times as long. The order
# matters: seats are shown, and sold, by ascending id.
INSERT_SEATS = """
INSERT INTO ticketing_seat (showing_id, area_id, row_id, number, status)
SELECT %(showing)s, planned.area_id, planned.row_id, planned.number,
    CASE WHEN planned.is_blocked THEN 'blocked' ELSE 'available' END
FROM unnest(
    %(areas)s::bigint[], %(rows)s::bigint[], %(numbers)s::text[], %(are_blocked)s::boolean[]
) WITH ORDINALITY AS planned (area_id, row_id, number, is_blocked, position)
ORDER BY planned.position
"""


def import_seat_plan(*, showing_id: int, lines: Iterable[str]) -> int:
    """Make the seats of a plan, and the areas it names that the showing has not got yet.

    `lines` are CSV with the header area,row,seat and maybe price and blocked (yes or no). A new
    area needs a price on one of its lines; one that exists must be for numbered seats and still
    be empty. Returns the number of seats made.
    Locks the event, the showing, then its areas by ascending id; buyers don't wait.
    Raises InvalidSeatPlan with every mistake and its line, WrongEventState; then nothing was
    written.
    """
    plan = read_seat_plan(lines)
    return _make(showing_id, plan, by=None, source="a file")


def keep_seat_plan(*, showing_id: int, file_name: str, data: bytes, by: User) -> SeatPlanUpload:
    """Keep a plan for the look of whoever sent it; what was kept of theirs before goes.

    Nothing is made of it before `use_seat_plan`. Raises NotAllowed, and InvalidSeatPlan with every
    mistake and its line; then nothing is kept.
    """
    showing = Showing.objects.select_related("event").get(pk=showing_id)
    require(by, "ticketing.change_event", showing.event, _("Only its organizer gives it seats."))
    text = _text(data)
    _check(read_text(text), {area.name: area for area in showing.areas.all()})
    return _keep(showing_id, by, {"file_name": file_name[-200:], "text": text})


def use_seat_plan(*, upload_id: int, by: User) -> int:
    """Make the seats of a plan that `by` has kept. Returns their number.

    It is checked once more, as the showing may have changed meanwhile. Locks and raises as
    `import_seat_plan`, and NotAllowed.
    """
    upload = SeatPlanUpload.objects.filter(pk=upload_id, uploaded_by=by).first()
    if upload is None:
        raise InvalidSeatPlan(_("This plan is not there any more: send it again."), errors=[])
    plan = read_text(upload.text)
    return _make(upload.showing_id, plan, by=by, source=upload.file_name)


@transaction.atomic(durable=True)
def _keep(showing_id: int, by: User, content: dict[str, str]) -> SeatPlanUpload:
    """Put it in the place of the one before. A row's text never changes: its id stands for it."""
    # Of two files that one person sends at once, the second finds the first and replaces it.
    showing = Showing.objects.select_for_update(of=("self",), no_key=True).get(pk=showing_id)
    SeatPlanUpload.objects.filter(showing=showing, uploaded_by=by).delete()
    return SeatPlanUpload.objects.create(
        showing=showing, uploaded_by=by, uploaded_at=timezone.now(), **content
    )


def _text(data: bytes) -> str:
    try:
        return decode(data)
    except Unusable as trouble:
        raise InvalidSeatPlan(str(trouble), errors=[]) from None


@transaction.atomic(durable=True)
def _make(showing_id: int, plan: SeatPlan, *, by: User | None, source: str) -> int:
    event = lock_for_change(Showing.objects.get(pk=showing_id).event_id, by)
    showing = Showing.objects.select_for_update(of=("self",), no_key=True).get(pk=showing_id)
    areas = _lock_areas(showing)
    _check(plan, areas)
    areas |= _make_areas(showing, plan, areas)
    rows = _make_rows(plan.seats, areas)
    _make_seats(showing, plan.seats, rows)
    SeatPlanUpload.objects.filter(showing=showing, uploaded_by=by).delete()
    told = f"{len(plan.seats)} seats from {source} for {showing}."
    note(event, "import_seats", by=by, at=timezone.now(), reason=told)
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
        [Row(area=areas[area], label=label) for area, label in places], batch_size=ROWS_AT_ONCE
    )
    return dict(zip(places, rows, strict=True))


def _make_seats(
    showing: Showing, planned: Sequence[PlannedSeat], rows: dict[tuple[str, str], Row]
) -> None:
    rows_of_seats = [rows[seat.area, seat.row] for seat in planned]
    plan_anew()
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_SEATS,
            {
                "showing": showing.pk,
                "areas": [row.area_id for row in rows_of_seats],
                "rows": [row.pk for row in rows_of_seats],
                "numbers": [seat.number for seat in planned],
                "are_blocked": [seat.is_blocked for seat in planned],
            },
        )
