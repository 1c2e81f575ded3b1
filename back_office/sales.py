"""What sells: event by event today and in all, and day by day.

Nothing here reads all orders there ever were. Today and the last days are read by the index on
`paid_at`; totals are those of at most `SHOWN` events, so they cost as much as these have places.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django.db.models import Count, Min, Q
from django.db.models.functions import TruncDate

from back_office.houses import House, houses_of
from back_office.reader import Reader
from orders.models import Order, Ticket
from orders.revenue import NOTHING, EventRevenue, Revenue, amounts, with_amounts_since
from ticketing.business_time import day_of, midnight, zone
from ticketing.models import Event, Showing
from ticketing.models.showings import ShowingQuerySet

SHOWN = 10


@dataclass(frozen=True)
class EventSales:
    """An event's figures. Whoever shows its money asks first who reads it.

    Its tickets in all are the places of its house that are sold.
    """

    event: EventRevenue
    tickets_today: int
    house: House

    @property
    def earned_today(self) -> Revenue:
        return self.event.recent_revenue

    @property
    def earned(self) -> Revenue:
        return self.event.revenue


@dataclass(frozen=True)
class DaySales:
    """The orders paid on a day, and what is kept of their money; frozen money is not in it."""

    day: date
    orders: int
    earned: Revenue


def sales_by_event(reader: Reader, now: datetime) -> list[EventSales]:
    """What sells today, most tickets first; then what is on sale, soonest first."""
    midnight_today = midnight(day_of(now))
    tickets = _tickets_since(reader, midnight_today)
    chosen = [*tickets, *_on_sale(reader, now, without=list(tickets))][:SHOWN]
    events = with_amounts_since(reader.rows(EventRevenue), midnight_today).in_bulk(chosen)
    houses = houses_of(chosen)
    return [EventSales(events[pk], tickets.get(pk, 0), houses[pk]) for pk in chosen]


def sales_by_day(reader: Reader, days: list[date]) -> list[DaySales]:
    """Day by day, also where nothing was sold."""
    paid = reader.rows(Order).filter(paid_at__gte=midnight(days[0]))
    by_day = paid.annotate(day=TruncDate("paid_at", tzinfo=zone())).values("day")
    # Their orders are counted; their money has no number until the freeze is lifted.
    not_frozen = ~Q(event__in=Event.objects.frozen())
    summed = by_day.annotate(orders=Count("*"), **amounts(where=not_frozen)).order_by("day")
    found = {row["day"]: row for row in summed}
    return [
        DaySales(day, found.get(day, {}).get("orders", 0), _revenue(found.get(day))) for day in days
    ]


def _tickets_since(reader: Reader, moment: datetime) -> dict[int, int]:
    """How many tickets each event sold, for those that sold most."""
    paid = reader.rows(Order).filter(paid_at__gte=moment)
    tickets = Ticket.objects.live().filter(order__in=paid)
    counts = tickets.values_list("event").annotate(count=Count("*"))
    # By event as well, so that of equal ones the same are shown each time.
    return dict(counts.order_by("-count", "event")[:SHOWN])


def _on_sale(reader: Reader, now: datetime, *, without: list[int]) -> list[int]:
    showings = cast("ShowingQuerySet", reader.rows(Showing)).on_sale(now)
    soonest = showings.values("event").exclude(event__in=without).annotate(first=Min("starts_at"))
    return [row["event"] for row in soonest.order_by("first", "event")[:SHOWN]]


def _revenue(row: dict[str, Any] | None) -> Revenue:
    if row is None:
        return Revenue(NOTHING, NOTHING, NOTHING, frozen_at=None)
    return Revenue(row["sold"], row["refunded"], row["reserved"], frozen_at=None)
