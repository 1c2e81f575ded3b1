"""What events have earned, as organizers and admins read it; frozen revenue has no number."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest
from django.urls import reverse

from jobs.paging import Position
from orders.models import Order
from orders.revenue import EventRevenue, with_amounts
from tests.factories import (
    EventFactory,
    OrganizerFactory,
    ShowingFactory,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.ticketing.event_states import event_in, move, new_admin, suspect
from ticketing import services
from ticketing.business_time import stamp
from ticketing.exports import harmless

LIST = reverse("admin:orders_eventrevenue_changelist")


def sold(event, *, price=500_000, refunded=0, reserved=0):
    """A paid order of two seats, some of whose money is back or on its way."""
    order = paid_order(seats_in_area(2, showing=ShowingFactory(event=event), price=price))
    amounts = {"refunded_amount": refunded, "refund_reserved_amount": reserved}
    Order.objects.filter(pk=order.pk).update(**amounts)


@pytest.fixture
def event(member):
    """It has sold for 3,000,000 of which 400,000 are back and 100,000 approved; one order waits."""
    event = EventFactory(title="Own event", organizer=member.user.organizers.get())
    sold(event, refunded=400_000)
    sold(event, price=1_000_000, reserved=100_000)
    placed_order(seats_in_area(1, showing=ShowingFactory(event=event)))
    return event


def money(event):
    return with_amounts(EventRevenue.objects.all()).get(pk=event.pk).revenue


def shown(browser):
    return browser.get(LIST).content.decode()


def exported(browser):
    """The exported file as its rows, by the titles of its columns."""
    answer = browser.get(reverse("admin:orders_eventrevenue_export_csv"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(text[1:].splitlines()))


def test_payable_is_what_was_sold_without_what_went_back_or_will(event):
    revenue = money(event)

    assert (revenue.sold, revenue.refunded, revenue.reserved) == (3_000_000, 400_000, 100_000)
    assert (revenue.payable, revenue.held_back) == (2_500_000, None)
    assert str(revenue) == "2,500,000 VND"


def test_an_event_that_sold_nothing_has_earned_nothing():
    revenue = money(EventFactory())

    assert (revenue.sold, revenue.payable) == (Decimal(0), Decimal(0))


def test_all_events_are_read_in_one_statement(event, django_assert_num_queries):
    sold(EventFactory())

    with django_assert_num_queries(1):
        read = with_amounts(EventRevenue.objects.select_related("organizer"))
        assert sum(each.revenue.sold for each in read) == 4_000_000


def test_frozen_revenue_has_no_payable_amount(event):
    suspect(event, "confirmed")

    revenue = money(event)

    assert revenue.payable is None
    assert revenue.held_back == 2_500_000
    assert str(revenue) == f"frozen since {stamp(event.revenue_frozen_at)}"


def test_cleared_revenue_stays_frozen_until_a_second_admin_lifts_it(event):
    suspect(event, "cleared")
    assert money(event).payable is None

    services.lift_revenue_freeze(event_id=event.pk, by=new_admin(), reason="Looked at it again.")

    assert money(event).payable == 2_500_000


def test_members_read_the_revenue_of_their_own_events_only(member, event):
    EventFactory(title="Foreign event")

    listed = shown(member)

    assert "Own event" in listed
    assert "2,500,000 VND" in listed
    assert "Foreign event" not in listed
    assert "held back" not in listed.lower()


def test_frozen_revenue_is_a_number_for_admins_only(member, boss, event):
    move(event, "investigate", "confirm_fraud")

    for page in (LIST, reverse("admin:orders_eventrevenue_change", args=[event.pk])):
        read_by_member = member.get(page).content.decode()
        assert "frozen since" in read_by_member
        assert "2,500,000" not in read_by_member
        read_by_admin = boss.get(page).content.decode()
        assert "frozen since" in read_by_admin
        assert "2,500,000 VND" in read_by_admin


def test_nobody_finds_out_what_is_frozen_by_where_it_stands_in_a_sorted_list(member, event):
    """A page of the list begins after any amount that its address names."""
    move(event, "investigate", "confirm_fraud")

    for column in ("2", "3", "4"):
        pages = [
            member.get(LIST, {"o": column, "p": Position(True, (guess, "", 0)).write()})
            for guess in ("0.01", "99999.99", "399999.99", "2999999.99", "3000000")
        ]
        assert [len(page.context["cl"].result_list) for page in pages] == [0] * 5, column


def test_the_file_has_each_amount(member, event):
    [row] = exported(member)

    assert row == {
        "event": str(event.pk),
        "title": "Own event",
        "organizer": event.organizer.name,
        "sold": "3000000.00",
        "refunded": "400000.00",
        "reserved": "100000.00",
        "payable": "2500000.00",
        "status": "payable",
    }


@pytest.mark.parametrize("reader", ["member", "boss"])
def test_the_file_has_no_payable_amount_for_frozen_revenue_whoever_reads_it(reader, event, request):
    move(event, "investigate", "confirm_fraud")

    [row] = exported(request.getfixturevalue(reader))

    assert (row["payable"], row["status"]) == ("", "frozen")
    assert "2500000" not in "".join(row.values())


def test_the_file_has_own_events_only(member, event):
    event_in("published")  # of another organizer

    rows = exported(member)

    assert [row["event"] for row in rows] == [str(event.pk)]


def test_the_file_does_not_run_what_people_have_named(boss):
    organizer = OrganizerFactory(name="@SUM(A1)")
    EventFactory(title='=HYPERLINK("http://x.example")', organizer=organizer)

    [row] = exported(boss)

    assert row["title"] == '\'=HYPERLINK("http://x.example")'
    assert row["organizer"] == "'@SUM(A1)"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "  =1", "＝1", "\n"])
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["A;=1", "A; +1", 'A;"=1', "A\n@x", "A\r\n-1"])
def test_what_a_spreadsheet_may_take_for_the_next_cell_is_made_harmless(text):
    made = harmless(text)

    assert (made.count("'"), made.replace("'", "")) == (1, text)


@pytest.mark.parametrize("text", ["", "Đêm nhạc", "1+1", "A=B", " "])
def test_any_other_text_stays_as_it_is(text):
    assert harmless(text) == text


def test_the_list_is_read_only(boss, event):
    page = reverse("admin:orders_eventrevenue_change", args=[event.pk])

    assert boss.post(page, {"title": "Mine"}).status_code == 403
    assert boss.get(reverse("admin:orders_eventrevenue_add")).status_code == 403
    assert boss.get(reverse("admin:orders_eventrevenue_delete", args=[event.pk])).status_code == 403
