"""The first page of the back office: what sells, in figures and drawn, and for whom."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.utils import timezone

from back_office.days import last_days
from orders.models import Order, Ticket
from tests.back_office.home_page import (
    home,
    link_of,
    paid_at,
    rows_behind,
    sales_of,
    seats_on,
    table,
    text_of,
)
from tests.back_office.refund_rows import asked, asked_after_postponing, bought, own_event
from tests.factories import (
    EventFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.ticketing.event_states import move
from ticketing.business_time import day_of, midnight
from ticketing.models import Seat

pytestmark = pytest.mark.usefixtures("midday")


@pytest.fixture
def event(member):
    return own_event(member, title="Own event")


def test_a_day_begins_at_midnight_where_the_business_is(settings):
    settings.BUSINESS_TIME_ZONE = "Asia/Ho_Chi_Minh"
    began = datetime(2026, 11, 20, 17, tzinfo=UTC)

    assert midnight(date(2026, 11, 21)) == began
    assert day_of(began) == date(2026, 11, 21)
    assert day_of(began - timedelta(seconds=1)) == date(2026, 11, 20)


def test_sales_are_told_for_today_and_in_all(member, event):
    today = midnight(day_of(timezone.now()))
    paid_at(today - timedelta(seconds=1), event)
    paid_at(today, event)
    placed_order(seats_on(event, 4))

    assert sales_of(member, event) == {
        "event": "Own event",
        "tickets today": "2",
        "tickets in all": "4",
        "places sold": "4 of 8 (50 %)",
        "money today": "1,000,000 VND",
        "money in all": "2,000,000 VND",
    }


def test_money_that_went_back_or_will_is_not_counted(member, event):
    order = paid_at(from_now(), event)
    Order.objects.filter(pk=order.pk).update(refunded_amount=300_000, refund_reserved_amount=50_000)

    row = sales_of(member, event)

    assert row["money today"] == row["money in all"] == "650,000 VND"
    assert table(member, "days")[0]["money kept"] == "650,000 VND"


def test_blocked_places_are_no_places(member, event):
    free = seats_on(event, 4)
    Seat.objects.filter(pk__in=[seat.pk for seat in free[:3]]).block()

    assert sales_of(member, event)["places sold"] == "0 of 1 (0 %)"


def test_each_figure_leads_to_its_rows(member, event):
    paid_at(from_now(), event)
    paid_at(from_now(days=-2), event)
    shown = home(member).context["sales"]
    [row] = shown["rows"]
    cells = dict(zip(shown["headers"], row, strict=True))

    def behind(title):
        return rows_behind(member, link_of(cells[title]))

    assert [each.title for each in behind("event")] == ["Own event"]
    assert Ticket.objects.filter(order__in=behind("tickets today")).count() == 2
    assert Ticket.objects.filter(order__in=behind("tickets in all")).count() == 4
    assert {each.event for each in behind("places sold")} == {event}
    for title in ("money today", "money in all"):
        assert "2,000,000 VND" in member.get(link_of(cells[title])).content.decode()


def test_what_sells_today_stands_first_then_what_is_on_sale_soonest(boss):
    for title, days in (("Later", 9), ("Soon", 3)):
        ShowingFactory(event=EventFactory(title=title), starts_at=from_now(days=days))
    sold = EventFactory(title="Sold")
    paid_at(from_now(), sold)
    ShowingFactory(event=EventFactory(title="Draft", draft=True))
    ShowingFactory(event=EventFactory(title="Off", cancelled=True))
    ShowingFactory(event=EventFactory(title="Not yet"), not_yet_on_sale=True)

    assert [row["event"] for row in table(boss)] == ["Sold", "Soon", "Later"]


def test_support_reads_tickets_and_no_money(here):
    page = home(here.browsers["support"])

    assert "Event Quince" in [row["event"] for row in table(here.browsers["support"])]
    assert "money today" not in page.context["sales"]["headers"]
    assert page.context["days"]["headers"] == ["day", "paid orders"]
    assert len(page.context["charts"]) == 1
    assert "VND" not in page.content.decode()


def test_frozen_money_is_a_number_for_admins_only(member, boss, event):
    paid_at(from_now(), event)
    move(event, "investigate", "confirm_fraud")

    row = sales_of(member, event)

    assert row["tickets today"] == "2"
    assert row["money today"].startswith("frozen since")
    assert row["money in all"].startswith("frozen since")
    assert "1,000,000" not in home(member).content.decode()
    assert sales_of(boss, event)["money in all"] == "1,000,000 VND held back"


def test_frozen_money_is_in_no_sum_of_a_day(member, boss, event):
    paid_at(from_now(), event)
    paid_at(from_now(), own_event(member, title="Honest event"))
    move(event, "investigate", "confirm_fraud")

    for browser in (member, boss):
        today = table(browser, "days")[0]
        assert today["paid orders"] == "2"
        assert today["money kept"] == "1,000,000 VND"


def drawn(browser):
    """What the charts draw, by their titles."""
    found = re.findall(r'<canvas[^>]* data-value="([^"]+)"', home(browser).content.decode())
    charts = [json.loads(unescape(each)) for each in found]
    return {chart["datasets"][0]["label"]: chart["datasets"][0]["data"] for chart in charts}


def test_the_charts_draw_each_of_the_last_thirty_days(member, event):
    today = midnight(day_of(timezone.now()))
    for days in (0, 0, 29, 30):
        paid_at(today - timedelta(days=days), event)

    charts = drawn(member)

    assert charts["Paid orders per day"] == [1, *[0] * 28, 2]
    assert charts["Money kept per day, in VND"] == [1_000_000, *[0] * 28, 2_000_000]


def test_the_table_says_the_same_as_the_charts_and_leads_to_the_orders(member, event):
    today = midnight(day_of(timezone.now()))
    paid_at(today - timedelta(seconds=1), event)
    paid_at(today, event)
    shown = home(member).context["days"]

    rows = table(member, "days")

    days = last_days(day_of(timezone.now()), 30)
    assert [row["day"] for row in rows] == [f"{day:%Y-%m-%d}" for day in reversed(days)]
    orders = [int(row["paid orders"]) for row in rows]
    assert orders[::-1] == drawn(member)["Paid orders per day"]
    behind = [rows_behind(member, link_of(row[1])).count() for row in shown["rows"][:3]]
    assert orders[:3] == behind == [1, 1, 0]


def test_occupancy_is_told_area_by_area_for_the_next_showings(member, event):
    showing = ShowingFactory(event=event)
    paid_order(seats_in_area(2, showing=showing, name="Stalls"))
    seats_in_area(4, showing=showing, name="Balcony")
    over = ShowingFactory(event=event, starts_at=from_now(hours=-9), ends_at=from_now(hours=-7))
    seats_in_area(1, showing=over, name="Yesterday's stalls")

    [house] = home(member).context["houses"]

    assert house.title == str(showing)
    assert member.get(house.address).status_code == 200
    told = [text_of(bar) for bar in house.bars]
    assert told == ["Stalls 2 of 2 (100 %)", "Balcony 0 of 4 (0 %)"]


def test_refunds_are_counted_by_reason(member, event):
    orders = [bought(event) for _ in range(4)]
    requests = [asked(order) for order in orders[:3]]
    asked_after_postponing(orders[3])
    old = type(requests[0]).objects.filter(pk=requests[0].pk)
    old.update(requested_at=from_now(days=-31))

    reasons = home(member).context["reasons"]

    assert [text_of(bar) for bar in reasons] == [
        "personal reason 2 (67 %)", "event postponed 1 (33 %)"
    ]  # fmt: skip
    assert [rows_behind(member, link_of(bar)).count() for bar in reasons] == [2, 1]
