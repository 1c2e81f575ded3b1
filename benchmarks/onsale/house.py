"""What is for sale and to whom, written past the API: accounts with tokens, and a new event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from django.contrib.auth.models import User
from django.utils import timezone

from benchmarks.tokens import mint_tokens
from ticketing import services
from ticketing.models import Area, Event, Organizer, Row, Seat, Showing

ROW_SEATS = 50
STANDING_SHARE = 5  # every fifth place is a standing one
PRICE = 500_000


@dataclass(frozen=True)
class House:
    """A showing that went on sale a minute ago.

    `seats` are the numbered ones, in the order in which people like them; `rows` the row of each.
    """

    showing: int
    standing: int
    places: int
    seats: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @cached_property
    def positions(self) -> dict[int, int]:
        """Where in `seats` each of them is."""
        return {seat: position for position, seat in enumerate(self.seats)}


def open_house(places: int) -> House:
    """Publish a new event whose one showing has so many places, most of them numbered."""
    now = timezone.now()
    organizer, _is_new = Organizer.objects.get_or_create(slug="on-sale", name="On-sale simulation")
    event = Event.objects.create(
        organizer=organizer,
        title=f"On sale at {now:%H:%M:%S}",
        slug=f"on-sale-{now:%Y%m%d%H%M%S%f}",
        venue="Hall of many",
        auto_approve_refund=True,
    )
    showing = Showing.objects.create(
        event=event,
        starts_at=now + timedelta(days=40),
        ends_at=now + timedelta(days=40, hours=3),
        ticket_sale_start=now - timedelta(minutes=1),
        ticket_sale_end=now + timedelta(days=39),
    )
    standing = _standing_area(showing, places // STANDING_SHARE)
    _numbered_area(showing, places - places // STANDING_SHARE)
    services.publish_event(event_id=event.pk, by=known_admin())
    numbered = Seat.objects.filter(showing=showing, area__is_general_admission=False)
    seats, rows = zip(*numbered.order_by("pk").values_list("pk", "row_id"), strict=True)
    return House(showing.pk, standing.pk, places, list(seats), list(rows))


def known_admin() -> User:
    """Who publishes the event, and decides about it."""
    admin, _is_new = User.objects.get_or_create(username="on-sale", is_superuser=True)
    return admin


def _standing_area(showing: Showing, places: int) -> Area:
    area = Area.objects.create(
        showing=showing, name="Standing", price=PRICE, is_general_admission=True
    )
    _fill(Row.objects.create(area=area, label="GA"), places)
    return area


def _numbered_area(showing: Showing, places: int) -> None:
    area = Area.objects.create(showing=showing, name="Stalls", price=PRICE)
    full_rows, rest = divmod(places, ROW_SEATS)
    sizes = [ROW_SEATS] * full_rows + [rest] * bool(rest)
    for number, size in enumerate(sizes, start=1):
        _fill(Row.objects.create(area=area, label=f"{number:03}"), size)


def _fill(row: Row, places: int) -> None:
    Seat.objects.bulk_create(
        Seat(showing_id=row.area.showing_id, area=row.area, row=row, number=str(number))
        for number in range(1, places + 1)
    )


def tokens_of(buyers: int) -> list[str]:
    """An access token for each of so many customers."""
    names = [f"on-sale-{number}" for number in range(1, buyers + 1)]
    User.objects.bulk_create(
        [User(username=name, email=f"{name}@example.org", password="!") for name in names],
        ignore_conflicts=True,
        batch_size=1_000,
    )
    return mint_tokens(User.objects.filter(username__in=names))
