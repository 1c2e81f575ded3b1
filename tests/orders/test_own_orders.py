"""Reading, cancelling and holding the tickets of one's own orders, and nobody else's."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from django.utils import timezone
from django_fsm_log.models import StateLog

from orders import operations
from orders.models import order_code, ticket_code
from tests.factories import (
    CustomerFactory,
    from_now,
    overdue_order,
    placed_order,
    reread,
    seats_in_area,
)
from tests.ticketing.event_states import suspect
from ticketing.invariants import violations
from ticketing.models import Seat

ORDERS = "/api/v1/orders/"


@pytest.fixture
def order(customer):
    return placed_order(customer=customer)


@pytest.fixture
def paid_order(order):
    operations.confirm(order, by=None, at=timezone.now(), reason="The test pays it.")
    return order


def test_an_order_shows_its_seats_prices_and_deadline(api, order):
    shown = api.get(f"{ORDERS}{order.code}/").data

    assert shown["status"] == "pending_payment"
    assert shown["event"] == order.event.slug
    assert shown["total_amount"] == "1000000.00"
    assert shown["currency"] == "VND"
    assert shown["expires_at"] == order.expires_at.isoformat().replace("+00:00", "Z")
    assert [seat["price"] for seat in shown["seats"]] == ["500000.00", "500000.00"]


def test_the_list_has_ones_own_orders_newest_first(api, customer):
    old = placed_order(customer=customer, created_at=from_now(minutes=-5))
    new = placed_order(customer=customer)
    placed_order()

    listed = api.get(ORDERS).data["results"]

    assert [shown["code"] for shown in listed] == [new.code, old.code]


def test_the_list_takes_the_same_number_of_queries_for_any_number_of_orders(
    api, customer, django_assert_num_queries
):
    for _ in range(4):
        placed_order(customer=customer)

    with django_assert_num_queries(2):
        api.get(ORDERS)


def test_orders_are_read_page_by_page_even_with_equal_times(api, customer):
    moment = from_now(minutes=-1)
    made = {placed_order(customer=customer, created_at=moment).code for _ in range(7)}
    seen, next_page = [], f"{ORDERS}?page_size=3"
    while next_page:
        page = api.get(next_page).data
        seen += [shown["code"] for shown in page["results"]]
        next_page = page["next"]

    assert len(seen) == 7
    assert set(seen) == made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("post", "cancel/"),
        ("post", "payments/"),
        ("get", "tickets/"),
    ],
)
def test_somebody_elses_order_does_not_exist(api, method, path):
    foreign = placed_order()

    answer = getattr(api, method)(f"{ORDERS}{foreign.code}/{path}")

    assert (answer.status_code, answer.data["code"]) == (404, "not-found")
    assert reread(foreign).status == "pending_payment"


@pytest.mark.parametrize(
    "path",
    [
        "orders/",
        "orders/{order}/",
        "orders/{order}/tickets/",
        "tickets/{ticket}/qr.svg",
        "tickets/{ticket}/ticket.pdf",
    ],
)
def test_visitors_are_asked_to_sign_in(visitor, path):
    answer = visitor.get(f"/api/v1/{path.format(order=order_code(), ticket=ticket_code())}")

    assert (answer.status_code, answer.data["code"]) == (401, "not-authenticated")


def test_cancelling_gives_the_seats_back_at_once(api, order, customer):
    answer = api.post(f"{ORDERS}{order.code}/cancel/")

    assert (answer.status_code, answer.data["status"]) == (200, "cancelled")
    assert set(order.holds.values_list("status", "seat__status")) == {("released", "available")}
    entry = StateLog.objects.for_(order).get(state="cancelled")
    assert entry.by == customer
    assert entry.description == "The customer cancelled it."
    assert not any(violations().values())


def test_cancelled_seats_can_be_bought_by_others(api, order, visitor):
    seat_ids = list(order.holds.values_list("seat_id", flat=True))
    api.post(f"{ORDERS}{order.code}/cancel/")
    visitor.force_authenticate(CustomerFactory())

    answer = visitor.post(ORDERS, {"showing": order.showing_id, "seats": seat_ids})

    assert answer.status_code == 201


def test_cancelling_twice_is_the_same_as_once(api, order):
    first = api.post(f"{ORDERS}{order.code}/cancel/")
    second = api.post(f"{ORDERS}{order.code}/cancel/")

    assert first.data == second.data
    assert StateLog.objects.for_(order).filter(state="cancelled").count() == 1


def test_a_paid_order_is_not_cancelled(api, paid_order):
    answer = api.post(f"{ORDERS}{paid_order.code}/cancel/")

    assert (answer.status_code, answer.data["code"]) == (409, "order-not-cancellable")
    assert reread(paid_order).status == "paid"
    assert set(Seat.objects.values_list("status", flat=True)) == {"sold"}


def test_an_expired_order_is_not_cancelled(api, customer):
    order = overdue_order(customer=customer)
    operations.expire([order], at=timezone.now(), reason="The test ends it.")

    answer = api.post(f"{ORDERS}{order.code}/cancel/")

    assert (answer.status_code, answer.data["code"]) == (409, "order-not-cancellable")
    assert reread(order).status == "expired"


def test_an_overdue_order_that_nobody_tried_to_pay_can_still_be_cancelled(api, customer):
    order = overdue_order(customer=customer)

    answer = api.post(f"{ORDERS}{order.code}/cancel/")

    assert (answer.status_code, answer.data["status"]) == (200, "cancelled")
    assert set(order.holds.values_list("status", "seat__status")) == {("released", "available")}


def test_a_paid_order_has_a_ticket_for_each_seat(api, paid_order):
    tickets = api.get(f"{ORDERS}{paid_order.code}/tickets/").data

    assert len({ticket["code"] for ticket in tickets}) == 2
    for ticket in tickets:
        assert ticket["status"] == "active"
        assert ticket["event"] == paid_order.event.title
        assert ticket["price"] == "500000.00"
        assert ticket["time_zone"] == "Asia/Ho_Chi_Minh"


LET_NOBODY_IN = {
    "used": lambda ticket: ticket.use(by=None, at=from_now(), reason="Its holder came."),
    "its refund is approved": lambda ticket: setattr(ticket, "refund_approved_at", from_now()),
    "the event is off": lambda ticket: suspect(ticket.event, "confirmed"),
}


@pytest.mark.parametrize("spoil", LET_NOBODY_IN.values(), ids=LET_NOBODY_IN)
def test_a_ticket_says_whether_it_lets_somebody_in(api, paid_order, spoil):
    address = f"{ORDERS}{paid_order.code}/tickets/"
    assert [ticket["lets_in"] for ticket in api.get(address).data] == [True, True]

    ticket = paid_order.tickets.select_related("event").first()
    spoil(ticket)
    ticket.save()

    let_in = {shown["code"]: shown["lets_in"] for shown in api.get(address).data}
    assert let_in[ticket.code] is False


def test_an_unpaid_order_has_no_tickets(api, order):
    assert api.get(f"{ORDERS}{order.code}/tickets/").data == []


def test_tickets_keep_the_names_of_the_day_they_were_sold(api, paid_order):
    event, area = paid_order.event, paid_order.holds.first().seat.area
    sold_as = event.title
    event.title, area.name = "Renamed", "Renamed"
    event.save()
    area.save()

    [ticket, _] = api.get(f"{ORDERS}{paid_order.code}/tickets/").data

    assert ticket["event"] == sold_as
    assert ticket["area"] != "Renamed"


def test_the_qr_code_is_a_drawing_of_ones_own_ticket(api, paid_order):
    [ticket, _] = api.get(f"{ORDERS}{paid_order.code}/tickets/").data

    answer = api.get(ticket["qr_url"])

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert ElementTree.fromstring(answer.content).tag.endswith("svg")
    assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("spoil", LET_NOBODY_IN.values(), ids=LET_NOBODY_IN)
def test_of_a_ticket_that_lets_nobody_in_no_qr_code_is_drawn(api, paid_order, spoil):
    ticket = paid_order.tickets.select_related("event").first()
    address = f"/api/v1/tickets/{ticket.code}/qr.svg"
    assert "no-cache" in api.get(address).headers["Cache-Control"]
    spoil(ticket)
    ticket.save()

    answer = api.get(address)

    assert (answer.status_code, answer.data["code"]) == (409, "ticket-not-valid")
    assert b"svg" not in answer.content


def test_somebody_elses_qr_code_does_not_exist(visitor, paid_order):
    visitor.force_authenticate(CustomerFactory())
    ticket = paid_order.tickets.first()

    assert visitor.get(f"/api/v1/tickets/{ticket.code}/qr.svg").status_code == 404


def test_a_seat_in_the_middle_of_many_shows_its_place(api, customer):
    seats = seats_in_area(3, name="Balcony")
    order = placed_order(seats[1:2], customer=customer)

    [shown] = api.get(f"{ORDERS}{order.code}/").data["seats"]

    assert (shown["area"], shown["row"], shown["number"]) == (
        "Balcony",
        seats[1].row.label,
        seats[1].number,
    )
