"""The calendar file, read by somebody else's parser."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from icalendar import Calendar

from orders.calendar_file import calendar_of
from orders.models import Order, Ticket
from tests.factories import EventFactory, ShowingFactory, from_now, paid_order, seats_in_area
from tests.ticketing.event_states import move
from ticketing.models import Showing

AWKWARD = "Đêm nhạc; Trịnh, Công Sơn \\ 80 năm\nHà Nội – một chiều thu rất dài và rất xanh ☂ 🎵"


def order_of(**event):
    showing = ShowingFactory(
        event=EventFactory(**event),
        time_zone="America/New_York",
        starts_at=datetime(2099, 3, 14, 23, 30, tzinfo=UTC),
        ticket_sale_end=from_now(days=1),
    )
    return paid_order(seats_in_area(1, showing=showing))


def entry_of(file):
    [entry] = Calendar.from_ical(file).walk("VEVENT")
    return entry


def test_a_calendar_reads_when_where_and_what():
    order = order_of(title=AWKWARD, venue="Nhà hát Lớn, số 1 Tràng Tiền; Hà Nội")

    entry = entry_of(calendar_of(order, at=from_now()))

    assert str(entry["SUMMARY"]) == AWKWARD
    assert str(entry["LOCATION"]) == "Nhà hát Lớn, số 1 Tràng Tiền; Hà Nội"
    assert entry["DTSTART"].dt == order.showing.starts_at
    assert entry["DTEND"].dt == order.showing.ends_at
    assert entry["DTSTART"].dt.utcoffset().total_seconds() == 0
    assert str(entry["URL"]).endswith(f"/orders/{order.code}/")
    assert str(entry["STATUS"]) == "CONFIRMED"


def test_lines_are_folded_at_75_octets_and_end_as_the_standard_wants():
    file = calendar_of(order_of(title=AWKWARD * 2), at=from_now())

    assert file.endswith(b"END:VCALENDAR\r\n")
    lines = file.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert not any(b"\n" in line for line in lines)
    assert all(line.decode() is not None for line in lines)


def test_a_later_file_replaces_the_entry():
    order = order_of()

    early, late = (calendar_of(order, at=from_now(days=day)) for day in (0, 1))

    assert entry_of(early)["UID"] == entry_of(late)["UID"]
    assert entry_of(early)["DTSTAMP"].dt < entry_of(late)["DTSTAMP"].dt


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (["postpone"], "TENTATIVE"),
        (["cancel"], "CANCELLED"),
        (["investigate"], "CONFIRMED"),
        (["investigate", "confirm_fraud"], "CANCELLED"),
        (["postpone", "investigate", "confirm_fraud"], "CANCELLED"),
    ],
)
def test_an_event_that_is_put_off_or_does_not_take_place_says_so(steps, status):
    order = order_of()
    move(order.event, *steps)
    order = Order.objects.get()

    assert str(entry_of(calendar_of(order, at=from_now()))["STATUS"]) == status


def test_a_night_that_took_place_before_the_others_were_put_off_stays_certain():
    order = order_of()
    Showing.objects.update(starts_at=from_now(days=-2), ends_at=from_now(days=-1))
    ShowingFactory(event=order.event)
    move(order.event, "postpone")

    entry = entry_of(calendar_of(Order.objects.get(), at=from_now()))

    assert str(entry["STATUS"]) == "CONFIRMED"


def test_nobody_is_expected_whose_money_goes_back():
    order = order_of()
    stays = paid_order(seats_in_area(2, showing=order.showing))
    some = [order.tickets.get(), stays.tickets.first()]
    Ticket.objects.filter(pk__in=[each.pk for each in some]).update(refund_approved_at=from_now())

    told = [entry_of(calendar_of(each, at=from_now()))["STATUS"] for each in (order, stays)]

    assert [str(each) for each in told] == ["CANCELLED", "CONFIRMED"]


def test_a_title_cannot_add_lines_of_its_own():
    order = order_of(title="Hello\r\nATTENDEE:mailto:evil@example.org\rX-EVIL:1")

    [entry] = Calendar.from_ical(calendar_of(order, at=from_now())).walk("VEVENT")

    assert "ATTENDEE" not in entry
    assert "X-EVIL" not in entry


def test_the_file_is_offered_as_a_download(client):
    order = order_of()
    client.force_login(order.customer)

    answer = client.get(f"/orders/{order.code}/event.ics")

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="{order.event.slug}.ics"'
    )
    assert entry_of(answer.content)["UID"]
