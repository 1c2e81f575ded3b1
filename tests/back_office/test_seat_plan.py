"""The seats of a showing in the back office: who sees them, who takes them off sale, and prices."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.house.seat_ids import read_ids
from tests.back_office.refund_rows import own_event
from tests.back_office.world import browser_of
from tests.factories import (
    AreaFactory,
    CustomerFactory,
    RowFactory,
    SeatFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
)
from tests.ticketing.event_states import move
from ticketing.models import Area, Seat
from ticketing.roles import SUPPORT_GROUP

REASON = "The orchestra needs room."


@pytest.fixture
def showing(member):
    return ShowingFactory(event=own_event(member, title="Own event"))


@pytest.fixture
def seats(showing):
    """Eight in row A of the stalls: the third is held, the fourth sold, the eighth blocked."""
    row = RowFactory(area=AreaFactory(name="Stalls", showing=showing, price=500_000), label="A")
    made = [SeatFactory(row=row, number=str(number)) for number in range(1, 9)]
    Seat.objects.filter(pk=made[7].pk).block()
    return made


@pytest.fixture
def held(seats):
    return placed_order([seats[2]])


@pytest.fixture
def sold(seats):
    return paid_order([seats[3]])


@pytest.fixture
def field(showing):
    area = AreaFactory(name="Field", showing=showing, is_general_admission=True)
    SeatFactory.create_batch(5, row=RowFactory(area=area, label="GA"))
    return area


@pytest.fixture
def support():
    user = CustomerFactory(is_staff=True)
    user.groups.add(Group.objects.get_or_create(name=SUPPORT_GROUP)[0])
    return browser_of(user)


def page(showing, name="seat_plan"):
    return reverse(f"admin:ticketing_showing_{name}", args=[showing.pk])


def read(browser, showing, name="seat_plan", **query):
    answer = browser.get(page(showing, name), query)
    assert answer.status_code == 200
    return answer.content.decode()


def send(browser, showing, name, **given):
    answer = browser.post(page(showing, name), {"reason": REASON, **given}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def by_plan(seats):
    return {"by": "plan", "chosen": ",".join(str(seat.pk) for seat in seats)}


def states(area):
    return list(area.seats.order_by("pk").values_list("status", flat=True))


def counts(text, place):
    """The numbers of the table's line for an area, or for all."""
    cells = dict(re.findall(rf'<td[^>]*data-count="{place}-(\w+)">([\d,]+)</td>', text))
    return {state: int(number.replace(",", "")) for state, number in cells.items()}


def drawn(text):
    """What the drawn plan is told."""
    return json.loads(html.unescape(re.search(r'data-plan="([^"]+)"', text)[1]))


def test_the_page_of_a_showing_leads_to_its_seats(member, showing):
    assert page(showing) in read(member, showing, "change")


@pytest.mark.usefixtures("held", "sold")
def test_every_area_is_counted_by_state(member, showing, seats, field):
    text = read(member, showing)

    assert counts(text, seats[0].area_id) == {
        "available": 5, "held": 1, "sold": 1, "blocked": 1
    }  # fmt: skip
    assert counts(text, field.pk)["available"] == 5
    assert counts(text, "all") == {"available": 10, "held": 1, "sold": 1, "blocked": 1}
    assert [area["standing"] for area in drawn(text)["areas"]] == [False, True]


def test_a_row_is_listed_with_who_has_each_seat(member, showing, seats, held, sold):
    row = seats[0].row
    text = read(member, showing, area=row.area_id, row=row.pk)

    for order in (held, sold):
        assert f'<a href="{reverse("admin:orders_order_change", args=[order.pk])}">' in text
        assert order.code in text
    offered = re.findall(r'name="seats" value="(\d+)"', text)
    assert offered == [str(seat.pk) for seat in seats if seat not in (seats[2], seats[3])]


def test_the_plan_asks_who_has_a_seat(member, stranger, showing, seats, held):
    def asked(browser, seat):
        return browser.get(page(showing, "seat_holder"), {"seat": seat.pk})

    assert asked(member, seats[2]).json() == {
        "code": held.code,
        "address": reverse("admin:orders_order_change", args=[held.pk]),
        "status": "waiting for payment",
    }
    assert asked(member, seats[0]).json() == {}
    assert asked(stranger, seats[2]).status_code == 404
    assert asked(member, placed_order().holds.first().seat).json() == {}  # of another showing


def test_the_map_of_a_draft_is_for_its_organizer(member, stranger, visitor, seats, showing):
    type(showing).objects.filter(pk=showing.pk).update(event=own_event(member, draft=True))

    whole = member.get(page(showing, "seat_map")).json()

    assert [seat[0] for seat in whole["areas"][0]["rows"][0]["seats"]] == [s.pk for s in seats]
    assert stranger.get(page(showing, "seat_map")).status_code == 404
    assert visitor.get(f"/api/v1/showings/{showing.pk}/seats/").status_code == 404
    Seat.objects.filter(pk=seats[0].pk).block()
    changed = member.get(page(showing, "seat_map"), {"since": whole["cursor"]}).json()
    assert seats[0].pk in [seat[0] for seat in changed["areas"][0]["rows"][0]["seats"]]


def test_chosen_seats_are_blocked_and_released(member, showing, seats):
    told = send(
        member,
        showing,
        "block_seats",
        by="plan",
        chosen=f"{seats[0].pk}-{seats[2].pk},{seats[4].pk}",
    )

    assert "4 places are off sale." in told
    assert f"{REASON} (Stalls: A 1–3, A 5)" in told
    assert states(seats[0].area) == ["blocked"] * 3 + ["available", "blocked"] + [
        "available", "available", "blocked"
    ]  # fmt: skip

    told = send(member, showing, "release_seats", **by_plan([seats[7]]))

    assert "1 place is on sale again." in told
    assert states(seats[0].area)[7] == "available"


def test_ticked_seats_of_the_list_are_blocked_without_javascript(member, showing, seats):
    send(member, showing, "block_seats", by="plan", seats=[seats[0].pk, seats[1].pk])

    assert states(seats[0].area)[:3] == ["blocked", "blocked", "available"]


def test_if_somebody_was_faster_none_is_blocked_and_the_choice_stays(member, showing, seats, held):
    told = send(member, showing, "block_seats", **by_plan(seats[1:4]))

    assert "not free, so none was blocked: Stalls: A 3." in told
    assert drawn(told)["chosen"] == f"{seats[1].pk}-{seats[3].pk}"
    assert "blocked" not in states(seats[0].area)[:7]


def test_what_was_ticked_and_written_in_the_list_stays_when_it_is_refused(
    member, showing, seats, held
):
    row = seats[0].row
    opened = read(member, showing, area=row.area_id, row=row.pk)
    form = html.unescape(re.search(r'action="([^"]+/block-seats/\?[^"]*)"', opened)[1])
    ticked = {"by": "plan", "seats": [seats[0].pk, seats[2].pk], "reason": REASON}

    told = member.post(form, ticked).content.decode()

    assert re.findall(r'name="seats" value="(\d+)" checked', told) == [str(seats[0].pk)]
    assert re.search(rf'value="{REASON}"[^>]*id="listed-reason"', told)
    assert states(seats[0].area)[0] == "available"


@pytest.mark.parametrize(
    ("run", "numbers"),
    [
        ({"first": "2", "last": "3"}, [2, 3]),
        ({"first": "3", "last": "2"}, [2, 3]),
        ({"first": "6", "last": "7"}, [6, 7]),
        ({"last": "2"}, [1, 2]),
    ],
)
def test_part_of_a_row_is_blocked_by_its_numbers(member, showing, seats, run, numbers):
    area = seats[0].area
    send(member, showing, "block_seats", by="row", area=area.pk, row="A", **run)

    blocked = area.seats.filter(status="blocked").exclude(pk=seats[7].pk).order_by("pk")
    assert [int(seat.number) for seat in blocked] == numbers


def test_a_whole_row_is_blocked_or_named_with_what_is_in_the_way(member, showing, seats):
    whole = {"by": "row", "area": seats[0].area_id, "row": "A"}

    assert "none was blocked: Stalls: A 8." in send(member, showing, "block_seats", **whole)
    send(member, showing, "release_seats", **by_plan(seats[7:]))
    assert "8 places are off sale." in send(member, showing, "block_seats", **whole)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"by": "plan"}, "Choose seats of this showing first."),
        ({"by": "plan", "chosen": "1-99999999"}, "Choose seats of this showing first."),
        ({"by": "plan", "chosen": "x"}, "Choose seats of this showing first."),
        ({"by": "row", "row": "Z"}, "This area has no such row."),
        ({"by": "row", "row": "A", "first": "99"}, "This row has no such seat."),
        ({"by": "row", "row": "A", "reason": "ok"}, "at least 5 characters"),
        ({"by": "field", "quantity": "0"}, "greater than or equal to 1"),
        ({"by": "field", "quantity": "6"}, "Only 5 places of Field are free now."),
    ],
)
def test_what_can_not_be_meant_is_told_and_changes_nothing(
    member, showing, seats, field, given, told
):
    area = field if given["by"] == "field" else seats[0].area
    before = states(seats[0].area) + states(field)

    assert told in send(member, showing, "block_seats", **{"area": area.pk, **given})

    assert states(seats[0].area) + states(field) == before


def test_the_same_seats_named_again_and_again_are_not_counted_out_each_time():
    assert read_ids("1-3,5") == {1, 2, 3, 5}
    with pytest.raises(ValueError, match="not as many"):
        read_ids("1-150000," * 100_000)


def test_seats_of_others_are_not_even_named(member, showing, seats):
    foreign = placed_order().holds.first().seat

    told = send(member, showing, "block_seats", **by_plan([seats[0], foreign]))

    assert "Choose seats of this showing first." in told
    assert states(seats[0].area)[0] == "available"


def test_places_of_a_field_go_off_sale_and_back(member, showing, field):
    given = {"by": "field", "area": field.pk}

    assert "3 places are off sale." in send(member, showing, "block_seats", **given, quantity=3)
    told = send(member, showing, "release_seats", **given, quantity=1)

    assert "Of 5 places 3 are free and 2 are off sale." in told


def test_members_of_others_find_nothing_and_support_only_reads(stranger, support, showing, seats):
    names = ("seat_plan", "seat_map", "seat_holder", "block_seats", "release_seats",
             "change_prices")  # fmt: skip
    for name in names:
        assert stranger.get(page(showing, name)).status_code == 404
        assert stranger.post(page(showing, name), by_plan(seats[:1])).status_code == 404
    for name in names[3:]:
        assert support.post(page(showing, name), by_plan(seats[:1])).status_code == 403

    text = read(support, showing)

    assert not drawn(text)["changeable"]
    assert "<form" not in text.split('class="house"')[1]
    assert page(showing, "seat_plan") in read(support, showing, "change")
    assert page(showing, "change_prices") not in read(support, showing, "change")
    assert states(seats[0].area)[0] == "available"


def test_once_an_event_is_off_or_over_its_seats_are_shown_and_stay(member, showing, seats):
    type(showing).objects.filter(pk=showing.pk).update(
        starts_at=from_now(days=-1), ends_at=from_now(hours=-2),
        ticket_sale_start=from_now(days=-9), ticket_sale_end=from_now(days=-2),
    )  # fmt: skip
    assert "The showing ended at" in read(member, showing)

    move(showing.event, "cancel")

    assert "The event does not take place" in read(member, showing)
    assert "The event does not take place" in read(member, showing, "change_prices")
    assert "does not take place" in send(member, showing, "block_seats", **by_plan(seats[:1]))
    assert states(seats[0].area)[0] == "available"


def prices(area, price, **more):
    return {f"price-{area.pk}": price, f"seen-{area.pk}": "500000", **more}


@pytest.mark.usefixtures("held", "sold")
def test_new_prices_are_shown_with_what_they_come_to_before_they_are_changed(
    member, showing, seats
):
    area = seats[0].area

    asked = send(member, showing, "change_prices", **prices(area, "650.000"))

    [step] = re.findall(r"<li><strong>Stalls.+?</li>", asked, re.DOTALL)
    assert "500,000 VND → <strong>650,000 VND</strong>" in step
    assert "6 unsold places get the new price at once; 2 held or sold ones keep theirs." in step
    assert Area.objects.get(pk=area.pk).price == 500_000

    told = send(member, showing, "change_prices", **prices(area, "650.000", confirmed="yes"))

    assert "Every order from now on is at the new prices." in told
    assert f"{REASON} (Stalls: 500,000 → 650,000 VND)" in told
    assert Area.objects.get(pk=area.pk).price == 650_000


@pytest.mark.parametrize(
    ("price", "told"),
    [
        ("500000", "No price is another than before."),
        ("4999", "between 5,000 and 99,999,999 VND"),
        ("600000.50", "in whole dong"),
        ("", "This field is required."),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(member, showing, seats, price, told):
    area = seats[0].area

    assert told in send(member, showing, "change_prices", **prices(area, price, confirmed="yes"))

    assert Area.objects.get(pk=area.pk).price == 500_000


def test_a_price_that_no_page_has_shown_is_refused_before_it_is_written_out(member, showing, seats):
    area = seats[0].area
    huge = prices(area, "600000", confirmed="yes") | {f"seen-{area.pk}": "1E+20000000"}

    told = send(member, showing, "change_prices", **huge)

    assert "Look at the changes" in told
    assert "by now" not in told
    assert Area.objects.get(pk=area.pk).price == 500_000


def test_a_price_that_changed_since_the_page_was_opened_is_asked_for_anew(member, showing, seats):
    area = seats[0].area
    Area.objects.filter(pk=area.pk).update(price=550_000)

    told = send(member, showing, "change_prices", **prices(area, "600000", confirmed="yes"))

    assert "Stalls costs 550,000 VND by now." in told
    assert 'value="550000"' in told
    assert f'value="{REASON}"' in told
    assert Area.objects.get(pk=area.pk).price == 550_000


def test_an_area_that_was_made_meanwhile_keeps_its_price_and_stops_nobody(member, showing, seats):
    area, new = seats[0].area, AreaFactory(name="Balcony", showing=showing, price=300_000)

    asked = send(member, showing, "change_prices", **prices(area, "650000"))
    told = send(member, showing, "change_prices", **prices(area, "650000", confirmed="yes"))

    assert "Change these prices?" in asked
    assert "Balcony" not in asked
    assert "Every order from now on is at the new prices." in told
    assert Area.objects.get(pk=area.pk).price == 650_000
    assert Area.objects.get(pk=new.pk).price == 300_000


def test_the_page_of_a_showing_changes_no_price_on_the_way(member, showing, seats):
    area = seats[0].area
    form = {
        "starts_at": "2030-01-01T20:00", "ends_at": "2030-01-01T22:00",
        "ticket_sale_start": "2029-01-01T00:00", "ticket_sale_end": "2029-12-31T00:00",
        "time_zone": "UTC",
        "areas-TOTAL_FORMS": 1, "areas-INITIAL_FORMS": 1, "areas-0-id": area.pk,
        "areas-0-showing": showing.pk, "areas-0-name": "Parquet", "areas-0-price": "1",
    }  # fmt: skip

    assert member.post(page(showing, "change"), form).status_code == 302

    assert Area.objects.get(pk=area.pk).name == "Parquet"
    assert Area.objects.get(pk=area.pk).price == 500_000


def test_a_large_house_takes_as_few_statements_as_a_small_one(member, showing, seats):
    row = seats[0].row
    of_a_small_one = statements(member, showing, row)
    for number in range(30):
        SeatFactory.create_batch(5, row=RowFactory(area=row.area, label=f"N{number}"))
    SeatFactory.create_batch(20, row=row)

    assert statements(member, showing, row) == of_a_small_one


def statements(browser, showing, row):
    """How many it takes to show the page with this row open."""
    with CaptureQueriesContext(connection) as captured:
        read(browser, showing, area=row.area_id, row=row.pk)
    return len(captured)
