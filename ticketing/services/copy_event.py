"""Copy an event with its house, to be sold on other dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ticketing.connections import plan_anew
from ticketing.errors import WrongDates
from ticketing.models import Event, Showing
from ticketing.roles import require
from ticketing.slugs import free_slug
from ticketing.transition_log import note

FURTHEST = timedelta(days=10 * 366)

PAIRS = "unnest(%(originals)s::bigint[], %(copies)s::bigint[]) AS pair (original, made)"

# A stadium is copied inside the database. The order matters: areas, rows and seats are shown, and
# standing places sold, by ascending id.
COPY_AREAS = f"""
INSERT INTO ticketing_area (showing_id, name, price, is_general_admission)
SELECT pair.made, area.name, area.price, area.is_general_admission
FROM {PAIRS} JOIN ticketing_area area ON area.showing_id = pair.original
ORDER BY area.id
"""
COPIED_AREAS = f"""
FROM {PAIRS} JOIN ticketing_area area ON area.showing_id = pair.original
JOIN ticketing_area new_area ON new_area.showing_id = pair.made AND new_area.name = area.name
JOIN ticketing_row seat_row ON seat_row.area_id = area.id
"""
COPY_ROWS = f"""
INSERT INTO ticketing_row (area_id, label)
SELECT new_area.id, seat_row.label {COPIED_AREAS}
ORDER BY seat_row.id
"""
COPY_SEATS = f"""
INSERT INTO ticketing_seat (showing_id, area_id, row_id, number, status)
SELECT pair.made, new_area.id, new_row.id, seat.number,
    CASE seat.status WHEN 'blocked' THEN 'blocked' ELSE 'available' END
{COPIED_AREAS}
JOIN ticketing_row new_row ON new_row.area_id = new_area.id AND new_row.label = seat_row.label
JOIN ticketing_seat seat ON seat.row_id = seat_row.id
ORDER BY seat.id
"""


@transaction.atomic(durable=True)
def copy_event(*, event_id: int, title: str, starts_at: datetime | None, by: User) -> Event:
    """Make a draft with the words, showings, areas, seats and prices of an event. Nothing is sold.

    Its first showing begins at `starts_at` and all other times keep their distance to it on the
    clock of the showing's zone; None leaves the times as they are. Seats that are blocked stay so.
    Returns the copy. Locks the original; its buyers don't wait.
    Raises NotAllowed, WrongDates unless `starts_at` lies ahead.
    """
    now = timezone.now()
    original = Event.objects.get_for_no_key_update(event_id)
    advice = _("Only its organizer copies an event.")
    require(by, "ticketing.add_event", original, advice)
    showings = list(original.showings.order_by("starts_at", "pk"))
    shift = _Shift.to(starts_at, showings, now)
    made = _copy_words(original, title)
    copies = Showing.objects.bulk_create([shift.copy(each, made) for each in showings])
    _copy_house(showings, copies)
    note(made, "copy", by=by, at=now, reason=f"A copy of {original} ({original.slug}).")
    return made


@dataclass(frozen=True)
class _Shift:
    """How far the copy lies from the original, on the clocks of those who come."""

    distance: timedelta

    @classmethod
    def to(cls, starts_at: datetime | None, showings: list[Showing], now: datetime) -> _Shift:
        if starts_at is None or not showings:
            return cls(timedelta())
        if not now < starts_at < now + FURTHEST:
            raise WrongDates(_("Let the first showing begin in the next ten years."))
        first = showings[0]
        begins = starts_at.astimezone(first.zone).replace(tzinfo=None)
        return cls(begins - first.starts_at.astimezone(first.zone).replace(tzinfo=None))

    def copy(self, showing: Showing, event: Event) -> Showing:
        starts_at = self._moved(showing.starts_at, showing)
        return Showing(
            event=event,
            time_zone=showing.time_zone,
            starts_at=starts_at,
            ends_at=starts_at + (showing.ends_at - showing.starts_at),
            ticket_sale_start=self._moved(showing.ticket_sale_start, showing),
            ticket_sale_end=self._moved(showing.ticket_sale_end, showing),
        )

    def _moved(self, moment: datetime, showing: Showing) -> datetime:
        on_the_clock = moment.astimezone(showing.zone).replace(tzinfo=None)
        return (on_the_clock + self.distance).replace(tzinfo=showing.zone).astimezone(UTC)


def _copy_words(original: Event, title: str) -> Event:
    return Event.objects.create(
        organizer_id=original.organizer_id,
        title=title,
        slug=free_slug(title),
        description=original.description,
        venue=original.venue,
        auto_approve_refund=original.auto_approve_refund,
    )


def _copy_house(showings: list[Showing], copies: list[Showing]) -> None:
    pairs = {
        "originals": [showing.pk for showing in showings],
        "copies": [showing.pk for showing in copies],
    }
    with connection.cursor() as cursor:
        for statement in (COPY_AREAS, COPY_ROWS, COPY_SEATS):
            plan_anew()
            cursor.execute(statement, pairs)
