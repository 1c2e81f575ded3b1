"""Choosing places on the page of a showing, without any JavaScript."""

from __future__ import annotations

import html
import json
import re
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from orders.models import Order
from tests.factories import (
    AreaFactory,
    CustomerFactory,
    EventFactory,
    RowFactory,
    SeatFactory,
    ShowingFactory,
    placed_order,
    seats_in_area,
)
from tests.pages.fields import Fields
from ticketing.models import Seat, SeatStatus


def read(client, showing, query=""):
    answer = client.get(f"/showings/{showing.pk}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def send(client, showing, **fields):
    fields.setdefault("key", str(uuid.uuid4()))
    return client.post(f"/showings/{showing.pk}/", fields)


@pytest.fixture
def shopper(client: Client, customer):
    """A browser with the session of `customer`."""
    client.force_login(customer)
    return client


@pytest.fixture
def seats():
    return seats_in_area(4, name="Stalls")


@pytest.fixture
def field():
    """A standing field with three places."""
    return seats_in_area(3, general_admission=True)[0].area


def test_the_only_area_is_open_at_once_and_taken_seats_can_not_be_ticked(client, seats):
    placed_order(seats[:1])

    fields = Fields(read(client, seats[0].showing)).seats()

    assert set(fields) == {seat.pk for seat in seats}
    assert "disabled" in fields[seats[0].pk]
    assert "disabled" not in fields[seats[1].pk]


def test_of_several_areas_the_one_asked_for_is_listed(client, seats):
    showing = seats[0].showing
    others = seats_in_area(2, showing=showing)

    assert Fields(read(client, showing)).seats() == {}
    listed = Fields(read(client, showing, f"?area={others[0].area_id}")).seats()
    assert set(listed) == {seat.pk for seat in others}


def test_of_a_large_area_one_row_is_listed_at_a_time(client, monkeypatch, seats):
    monkeypatch.setattr("orders.pages.places.SEATS_AT_ONCE", 5)
    area, showing = seats[0].area, seats[0].showing
    other = RowFactory(area=area)
    more = SeatFactory.create_batch(3, row=other)

    fields = Fields(read(client, showing, f"?area={area.pk}"))

    assert fields.seats() == {}
    rows = {each["value"] for each in fields.buttons if each.get("name") == "look_row"}
    assert rows == {str(seats[0].row_id), str(other.pk)}
    listed = Fields(read(client, showing, f"?row={other.pk}")).seats()
    assert set(listed) == {seat.pk for seat in more}


def test_looking_at_another_area_keeps_what_is_ticked(client, seats):
    showing = seats[0].showing
    others = seats_in_area(2, showing=showing)

    answer = send(
        client, showing, seats=[seats[0].pk, seats[1].pk], look_area=str(others[0].area_id)
    )

    assert answer.status_code == 303
    address = urlsplit(answer.headers["Location"])
    assert parse_qs(address.query)["seats"] == [str(seats[0].pk), str(seats[1].pk)]
    ticked = Fields(client.get(answer.headers["Location"]).content.decode()).seats()
    assert {pk for pk, each in ticked.items() if "checked" in each} == {
        seats[0].pk,
        seats[1].pk,
    }
    assert not Order.objects.exists()


def test_ticked_seats_are_held_and_lead_to_the_order(shopper, customer, seats):
    answer = send(shopper, seats[0].showing, seats=[seats[1].pk, seats[2].pk, seats[1].pk])

    order = Order.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/orders/{order.code}/")
    assert order.customer == customer
    assert {hold.seat_id for hold in order.holds.all()} == {seats[1].pk, seats[2].pk}


def test_standing_places_are_held_by_their_number(shopper, field):
    send(shopper, field.showing, area=field.pk, quantity=2)

    assert Order.objects.get().holds.count() == 2


def test_sending_the_same_page_twice_makes_one_order(shopper, seats):
    key = str(uuid.uuid4())
    wish = {"key": key, "seats": [seats[0].pk, seats[1].pk]}

    first, second = (send(shopper, seats[0].showing, **wish) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert Order.objects.count() == 1


def test_another_choice_from_the_same_page_is_another_order(shopper, seats):
    key = str(uuid.uuid4())
    for seat in seats[:2]:
        send(shopper, seat.showing, key=key, seats=[seat.pk])

    assert Order.objects.count() == 2


def test_a_visitor_logs_in_and_finds_the_choice_again(client, customer, seats):
    answer = send(client, seats[0].showing, seats=[seats[0].pk])

    address = urlsplit(answer.headers["Location"])
    assert address.path == "/accounts/login/"
    assert not Order.objects.exists()
    back = parse_qs(address.query)["next"][0]
    client.force_login(customer)
    ticked = Fields(client.get(back).content.decode()).seats()
    assert "checked" in ticked[seats[0].pk]


def test_seats_that_somebody_else_took_are_named_and_the_others_stay_chosen(shopper, seats):
    placed_order(seats[:1])

    answer = send(shopper, seats[0].showing, seats=[seats[0].pk, seats[1].pk])

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Some of these seats are taken." in page
    assert "Choose other seats" in page
    assert f"Stalls, row {seats[0].row.label}, seat {seats[0].number}" in page
    ticked = {pk for pk, each in Fields(page).seats().items() if "checked" in each}
    assert ticked == {seats[1].pk}
    assert Order.objects.count() == 1
    assert Seat.objects.get(pk=seats[1].pk).status == SeatStatus.AVAILABLE


def test_more_than_an_order_may_have_is_refused_in_words(shopper, settings, seats):
    settings.ORDER_MAX_TICKETS = 2

    answer = send(shopper, seats[0].showing, seats=[seat.pk for seat in seats])

    assert answer.status_code == 409
    assert "One order can hold 2 tickets." in answer.content.decode()
    ticked = {pk for pk, e in Fields(answer.content.decode()).seats().items() if "checked" in e}
    assert ticked == {seat.pk for seat in seats}
    assert not Order.objects.exists()


def test_too_few_places_are_refused_with_their_number(shopper, field):
    answer = send(shopper, field.showing, area=field.pk, quantity=5)

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "There are not enough places left." in page
    assert "3 are left." in page
    assert 'value="5"' in page
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"sale_over": True}, "The sale ended at"),
        ({"not_yet_on_sale": True}, "The sale starts at"),
        ({"event__cancelled": True}, "The event is not selling tickets now."),
    ],
    ids=["over", "not yet", "cancelled"],
)
def test_a_closed_sale_is_refused_in_words(shopper, fields, told):
    [seat] = seats_in_area(1, showing=ShowingFactory(**fields))
    assert "disabled" in Fields(read(shopper, seat.showing)).seats()[seat.pk]

    answer = send(shopper, seat.showing, seats=[seat.pk])

    assert answer.status_code == 409
    assert told in answer.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "fields", [{}, {"seats": "abc"}, {"seats": "-1"}, {"quantity": "2"}, {"seats": "\x00"}]
)
def test_sending_no_choice_is_told(shopper, seats, fields):
    answer = send(shopper, seats[0].showing, **fields)

    assert answer.status_code == 400
    assert "Nothing is chosen yet." in answer.content.decode()
    assert not Order.objects.exists()


def test_parts_of_another_showing_do_not_exist_here(shopper, seats, field):
    [foreign] = seats_in_area(1)
    showing = seats[0].showing

    assert send(shopper, showing, seats=[foreign.pk]).status_code == 404
    assert send(shopper, showing, area=field.pk, quantity=1).status_code == 404
    assert send(shopper, showing, area=seats[0].area_id, quantity=1).status_code == 404
    assert not Order.objects.exists()


def test_a_showing_of_a_draft_does_not_exist(client):
    showing = ShowingFactory(event=EventFactory(draft=True))

    assert client.get(f"/showings/{showing.pk}/").status_code == 404
    assert client.get("/showings/99999999999999999999/").status_code == 404


def test_a_form_without_its_token_is_refused(customer, seats):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(customer)

    answer = send(strict, seats[0].showing, seats=[seats[0].pk])

    assert answer.status_code == 403
    assert "This form is too old." in answer.content.decode()
    assert not Order.objects.exists()


def test_a_page_costs_the_same_number_of_queries_however_large_the_house(
    client, django_assert_max_num_queries
):
    showing = ShowingFactory()
    for _ in range(5):
        seats_in_area(4, showing=showing)
    area = AreaFactory(showing=showing)
    for _ in range(10):
        SeatFactory.create_batch(3, row=RowFactory(area=area))

    with django_assert_max_num_queries(8):
        read(client, showing, f"?area={area.pk}")


def test_names_of_areas_and_rows_are_shown_as_text(client):
    area = AreaFactory(name="<img src=x onerror=alert(1)>")
    SeatFactory(row=RowFactory(area=area, label="'\"><script>"), number="</script>")

    page = read(client, area.showing)

    assert "<img src=x" not in page
    assert not re.search(r"<script(?! type=\"module\" src=)", page)


def test_an_order_made_here_is_in_the_language_of_the_page(client, seats):
    buyer = CustomerFactory()
    client.force_login(buyer)

    client.post(
        f"/showings/{seats[0].showing_id}/",
        {"seats": seats[0].pk},
        headers={"Accept-Language": "vi"},
    )

    assert Order.objects.get().language == "vi"


def test_whoever_sends_too_often_is_told_when_to_come_back(shopper, seats, monkeypatch):
    monkeypatch.setattr(
        "ticketing.api.throttling.PerCustomerThrottle.THROTTLE_RATES",
        {"reading": "2/min", "changing": "2/min"},
    )

    answers = [send(shopper, seats[0].showing, seats=[seat.pk]) for seat in seats[:3]]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert "Wait a few minutes" in answers[-1].content.decode()
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert Order.objects.count() == 2


def test_the_drawn_plan_knows_prices_to_the_last_part(client):
    """Plans of long ago could bring one; the choice is summed from what the plan knows."""
    [seat] = seats_in_area(1, price="5000.50")

    page = read(client, seat.showing)

    plan = json.loads(html.unescape(re.search(r'data-plan="([^"]+)"', page)[1]))
    assert [area["price"] for area in plan["areas"]] == [5000.5]
    assert (plan["separator"], plan["point"]) == (",", ".")
    assert "5,000.50 VND" in page
