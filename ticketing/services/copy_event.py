"""Copy an event with its house, to be sold on other dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ticketing.connections import join_in_bulk, plan_anew
from ticketing.errors import WrongDates
from ticketing.models import Area, Event, Showing
from ticketing.roles import require
from ticketing.slugs import free_slug
from ticketing.transition_log import note

FURTHEST = timedelta(days=10 * 366)

# Rows and seats of a stadium are copied inside the database. The order matters: rows are shown, and
# standing places sold, by ascending id. Each table is narrowed down by itself, though the joins say
# it all: of tables that are joined in bulk, everybody's rows would be read.
COPY_ROWS = """
INSERT INTO ticketing_row (area_id, label)
SELECT pair.made, seat_row.label
FROM unnest(%(areas)s::bigint[], %(new_areas)s::bigint[]) AS pair (original, made)
JOIN ticketing_row seat_row ON seat_row.area_id = pair.original
WHERE seat_row.area_id = ANY(%(areas)s::bigint[])
ORDER BY seat_row.id
"""
COPY_SEATS = """
INSERT INTO ticketing_seat (showing_id, area_id, row_id, number, status)
SELECT pair.showing, pair.made, new_row.id, seat.number,
    CASE seat.status WHEN 'blocked' THEN 'blocked' ELSE 'available' END
FROM unnest(%(areas)s::bigint[], %(new_areas)s::bigint[], %(new_showings)s::bigint[])
    AS pair (original, made, showing)
JOIN ticketing_row seat_row ON seat_row.area_id = pair.original
JOIN ticketing_row new_row ON new_row.area_id = pair.made AND new_row.label = seat_row.label
JOIN ticketing_seat seat ON seat.row_id = seat_row.id
WHERE seat_row.area_id = ANY(%(areas)s::bigint[])
    AND new_row.area_id = ANY(%(new_areas)s::bigint[])
    AND seat.showing_id = ANY(%(showings)s::bigint[])
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
            # It lasts as long as it did, also in a night in which the clocks are changed.
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
    copy_of = {old.pk: new for old, new in zip(showings, copies, strict=True)}
    areas = list(Area.objects.filter(showing__in=showings).order_by("pk"))
    new_areas = Area.objects.bulk_create([_copy_area(area, copy_of) for area in areas])
    places = {
        "showings": [showing.pk for showing in showings],
        "areas": [area.pk for area in areas],
        "new_areas": [area.pk for area in new_areas],
        "new_showings": [area.showing_id for area in new_areas],
    }
    join_in_bulk()
    with connection.cursor() as cursor:
        for statement in (COPY_ROWS, COPY_SEATS):
            # Each fills a table that the next one joins, and that its foreign keys look at.
            plan_anew()
            cursor.execute(statement, places)


def _copy_area(area: Area, copy_of: dict[int, Showing]) -> Area:
    return Area(
        showing=copy_of[area.showing_id],
        name=area.name,
        price=area.price,
        is_general_admission=area.is_general_admission,
    )
