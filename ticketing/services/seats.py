"""Give an area its seats: rows of numbered seats, or the places of a standing field."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ticketing.connections import plan_anew
from ticketing.errors import AreaHasSeats, WrongAreaKind
from ticketing.event_changes import lock_for_change
from ticketing.models import Area, Event, Row, Showing
from ticketing.prices import check_price
from ticketing.seating import Seating, free_area_name
from ticketing.transition_log import note

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
def give_seats(*, area_id: int, seating: Seating, by: User | None = None) -> int:
    """Give an area that has none its seats: rows of numbered seats, or a field its places.

    `by` is None for the system itself. Returns the number of seats made.
    Locks the event, then the area; buyers don't wait. Raises NotAllowed, WrongEventState,
    WrongAreaKind, AreaHasSeats; InvalidSeatPlan for labels that are empty, too long or repeated
    (`line` is the label's position) and for no seats or too many.
    """
    seating = seating.checked()
    found = Area.objects.select_related("showing").get(pk=area_id)
    event = lock_for_change(found.showing.event_id, by)
    area = Area.objects.select_for_update(of=("self",), no_key=True).get(pk=area_id)
    # Asked under the lock: of two who fill it at once the second finds its rows.
    if area.rows.exists():
        raise AreaHasSeats(_("{area} already has its seats.").format(area=area))
    if area.is_general_admission and not seating.is_general_admission:
        raise WrongAreaKind(_("{area} has places, not rows: give its capacity.").format(area=area))
    if seating.is_general_admission and not area.is_general_admission:
        raise WrongAreaKind(
            _("{area} has numbered seats: give its rows and the seats in each.").format(area=area)
        )
    return _fill(area, seating, event, by)


@transaction.atomic(durable=True)
def add_area(*, showing_id: int, name: str, price: Decimal, seating: Seating, by: User) -> Area:
    """Add an area with all its seats to a showing. Returns the area.

    Locks the event, then the showing; buyers don't wait. Raises NotAllowed, WrongEventState;
    InvalidSeatPlan as `give_seats`, and for a name that is no name or that another area has;
    InvalidPrice.
    """
    seating = seating.checked()
    check_price(price)
    found = Showing.objects.get(pk=showing_id)
    event = lock_for_change(found.event_id, by)
    showing = Showing.objects.select_for_update(of=("self",), no_key=True).get(pk=showing_id)
    area = Area.objects.create(
        showing=showing,
        name=free_area_name(showing_id, name),
        price=price,
        is_general_admission=seating.is_general_admission,
    )
    _fill(area, seating, event, by)
    return area


def _fill(area: Area, seating: Seating, event: Event, by: User | None) -> int:
    Row.objects.bulk_create(
        [Row(area=area, label=label) for label in seating.labels], batch_size=ROWS_AT_ONCE
    )
    plan_anew()
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_SEATS,
            {"area": area.pk, "prefix": seating.prefix, "seats_per_row": seating.seats_per_row},
        )
        made = int(cursor.rowcount)
    note(event, "make_seats", by=by, at=timezone.now(), reason=f"{area.name}: {seating}.")
    return made
