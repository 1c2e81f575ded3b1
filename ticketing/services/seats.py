"""Give an area its seats: rows of numbered seats, or the places of a standing field."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from django.utils.translation import gettext as _

from ticketing.errors import AreaHasSeats, InvalidSeatPlan, WrongAreaKind
from ticketing.models import Area, Row
from ticketing.seat_plan import MOST_SEATS, Unusable, check_label

STANDING_ROW = "GA"
ROWS_AT_ONCE = 5_000

# The database counts the seats out, so that a stadium never passes through our memory. The order
# matters: seats are shown, and standing places sold, by ascending id.
INSERT_SEATS = """
INSERT INTO ticketing_seat (showing_id, area_id, row_id, number, status)
SELECT area.showing_id, area.id, seat_row.id, %(prefix)s::text || number, 'available'
FROM ticketing_area area
JOIN ticketing_row seat_row ON seat_row.area_id = area.id
CROSS JOIN generate_series(1, %(seats_per_row)s) AS number
WHERE area.id = %(area)s
ORDER BY seat_row.id, number
"""


@transaction.atomic(durable=True)
def generate_rows(*, area_id: int, rows: Sequence[str], seats_per_row: int) -> int:
    """Give a numbered area its rows, each with the seats 1 to `seats_per_row`.

    `rows` are the labels from front to back. Returns the number of seats made.
    Locks the area. Raises WrongAreaKind, AreaHasSeats; InvalidSeatPlan for labels that are empty,
    too long or repeated (`line` is the label's position) and for no seats or too many.
    """
    labels = _check_labels(rows)
    _check_size(len(labels) * max(seats_per_row, 0))
    area = _lock_empty(area_id)
    if area.is_general_admission:
        raise WrongAreaKind(_("{area} has places, not rows: give its capacity.").format(area=area))
    return _fill(area, labels, seats_per_row)


@transaction.atomic(durable=True)
def generate_places(*, area_id: int, capacity: int) -> int:
    """Give a standing field its places, GA-1 to GA-`capacity`, in a single row.

    Returns the number of places made.
    Locks the area. Raises WrongAreaKind, AreaHasSeats; InvalidSeatPlan for no places or too many.
    """
    _check_size(capacity)
    area = _lock_empty(area_id)
    if not area.is_general_admission:
        raise WrongAreaKind(
            _("{area} has numbered seats: give its rows and the seats in each.").format(area=area)
        )
    return _fill(area, [STANDING_ROW], capacity, prefix=f"{STANDING_ROW}-")


def _check_labels(rows: Sequence[str]) -> list[str]:
    labels: dict[str, int] = {}
    problems = []
    for position, row in enumerate(rows, start=1):
        try:
            label = check_label("row", row)
            if labels.setdefault(label, position) != position:
                raise Unusable(_("Row {label} was there before.").format(label=label))
        except Unusable as trouble:
            problems.append({"line": position, "message": str(trouble)})
    if problems:
        raise InvalidSeatPlan(_("No seat was made. Correct the row labels."), errors=problems)
    return list(labels)


def _check_size(seats: int) -> None:
    if not 1 <= seats <= MOST_SEATS:
        raise InvalidSeatPlan(
            _("Make between 1 and {most} seats at a time.").format(most=MOST_SEATS), errors=[]
        )


def _lock_empty(area_id: int) -> Area:
    """Lock an area, not keeping buyers of its showing waiting, and see that it has no rows."""
    area = Area.objects.select_for_update(of=("self",), no_key=True).get(pk=area_id)
    if area.rows.exists():
        raise AreaHasSeats(_("{area} already has its seats.").format(area=area))
    return area


def _fill(area: Area, rows: Sequence[str], seats_per_row: int, prefix: str = "") -> int:
    Row.objects.bulk_create(
        [Row(area=area, label=label) for label in rows], batch_size=ROWS_AT_ONCE
    )
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_SEATS, {"area": area.pk, "prefix": prefix, "seats_per_row": seats_per_row}
        )
        return int(cursor.rowcount)
