"""Sales figures as the page shows them: tables whose cells lead to lists, and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from back_office.days import bounds
from back_office.houses import Occupancy, ShowingHouse
from back_office.reader import Reader, address_of_list, address_of_row
from back_office.reasons import Reason
from back_office.sales import DaySales, EventSales
from jobs.back_office import link
from orders.models import Order
from orders.revenue import Revenue
from ticketing.models import Event, Showing
from ticketing.roles import is_admin

Table = dict[str, Any]  # as Unfold's table component wants it


@dataclass(frozen=True)
class Bars:
    """Bars under a title that leads to a page."""

    title: str
    address: str
    bars: list[SafeString]


def of_events(
    sales: Sequence[EventSales], today: date, reader: Reader, *, with_money: bool
) -> Table:
    """A row for each event; for those who read revenue with its money."""
    today_and_all = [_("tickets today"), _("tickets in all")]
    money = [_("money today"), _("money in all")] if with_money else []
    return {
        "headers": [_("event"), *today_and_all, *money, _("places sold")],
        "rows": [_event_row(each, today, reader, with_money=with_money) for each in sales],
    }


def of_days(days: Sequence[DaySales], *, with_money: bool) -> Table:
    """The days' figures, last day first."""
    headers = [_("day"), _("paid orders"), *([_("money kept")] if with_money else [])]
    return {
        "headers": headers,
        "rows": [_day_row(each, with_money=with_money) for each in reversed(days)],
    }


def of_houses(houses: Sequence[ShowingHouse]) -> list[Bars]:
    """How full each area of a showing is."""
    return [
        Bars(
            str(house.showing),
            address_of_row(house.showing),
            [_occupancy_bar(each.occupancy, each.area.name) for each in house.areas],
        )
        for house in houses
    ]


def of_reasons(reasons: Sequence[Reason]) -> list[SafeString]:
    """How many refunds were asked for with each reason, and their part of all."""
    return [
        link(each.address, _bar(each.percent, f"{each.count:,} ({each.percent} %)", each.label))
        for each in reasons
    ]


def _event_row(
    sales: EventSales, today: date, reader: Reader, *, with_money: bool
) -> list[SafeString]:
    event = sales.event
    mine = {"event__id__exact": event.pk}
    of_today = address_of_list(Order, {**mine, **bounds(today)})
    of_all = address_of_list(Order, {**mine, "paid_at__isnull": "False"})
    occupancy = sales.house.occupancy
    return [
        link(address_of_list(Event, {"id__exact": event.pk}), event.title),
        link(of_today, f"{sales.tickets_today:,}"),
        link(of_all, f"{occupancy.sold:,}"),
        *(_money_cells(sales, reader) if with_money else []),
        link(address_of_list(Showing, mine), _occupancy_bar(occupancy)),
    ]


def _money_cells(sales: EventSales, reader: Reader) -> list[SafeString]:
    account = address_of_row(sales.event)
    return [link(account, _money(each, reader)) for each in (sales.earned_today, sales.earned)]


def _day_row(day: DaySales, *, with_money: bool) -> list[Any]:
    orders = link(address_of_list(Order, bounds(day.day)), f"{day.orders:,}")
    return [f"{day.day:%Y-%m-%d}", orders, *([str(day.earned)] if with_money else [])]


def _money(revenue: Revenue, reader: Reader) -> str:
    """What is kept. Frozen, it is a number for platform admins only."""
    if revenue.held_back is None or not is_admin(reader.user):
        return str(revenue)
    return _("{amount} VND held back").format(amount=f"{revenue.held_back:,.0f}")


def _occupancy_bar(occupancy: Occupancy, label: str = "") -> SafeString:
    told = _("{sold} of {places} ({percent} %)").format(
        sold=f"{occupancy.sold:,}", places=f"{occupancy.places:,}", percent=occupancy.percent
    )
    return _bar(occupancy.percent, told, label)


def _bar(percent: int, text: str, label: str = "") -> SafeString:
    """Drawn, and in figures for whoever does not see it."""
    context = {"percent": percent, "text": text, "label": label}
    return render_to_string("back_office/bar.html", context)
