"""Events that sell nothing: no order, no attempt to pay, but money that is on its way."""

from __future__ import annotations

import pytest

from orders.models import Order
from payments.models import Payment
from payments.providers import Customer
from payments.services import settle_order, start_payment
from tests.factories import ShowingFactory, from_now, placed_order, seats_in_area
from tests.orders.closing import (
    CANCELLED,
    PAID,
    PENDING,
    assert_all_is_well,
    call_ipn,
    call_off,
    postpone,
    run_all,
    seats_of,
    state,
    waiting_order,
)
from tests.orders.dates import NEW_DATE, bought, had, move_to, reinstate
from tests.pages.my_pages import page_of, text_of
from tests.payments.vnpay_calls import success
from tests.ticketing.event_states import ALL_STATES, event_in
from ticketing.models import Seat


def pay(api, order):
    return api.post(f"/api/v1/orders/{order.code}/payments/", {"provider": "vnpay"})


TOLD = {
    ("cancelled", "none"): "The event was cancelled. There is nothing to pay.",
    ("cancelled", "confirmed"): "The event was cancelled. There is nothing to pay.",
    ("postponed", "none"): "The event is postponed. Place a new order once its tickets are on sale",
    ("postponed", "cleared"): "The event is postponed.",
    ("published", "confirmed"): "Tickets for this event are not sold any more.",
}


@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_only_an_event_that_sells_lets_an_attempt_to_pay_begin(api, customer, status, fraud_status):
    event = event_in(status, fraud_status)
    order = waiting_order(event, customer=customer)

    answer = pay(api, order)

    if event.is_selling:
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.data["code"]) == (409, "order-not-payable")
    assert TOLD.get((status, fraud_status), "") in answer.data["detail"]
    assert not Payment.objects.exists()
    assert Order.objects.get().payment_started_at is None


@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_only_an_event_that_sells_takes_orders(api, status, fraud_status):
    event = event_in(status, fraud_status)
    seats = seats_of(event, 1)

    answer = api.post("/api/v1/orders/", {"showing": seats[0].showing_id, "seats": [seats[0].pk]})

    if event.is_selling:
        assert answer.status_code == 201
        return
    assert answer.data["code"] == ("not-found" if status == "draft" else "sales-closed")
    assert not Order.objects.exists()
    assert Seat.objects.get().status == "available"


def test_a_showing_that_is_over_takes_no_orders(api):
    times = {"starts_at": from_now(hours=-3), "ticket_sale_end": from_now(days=1)}
    showing = ShowingFactory(ends_at=from_now(hours=-1), **times)
    [seat] = seats_in_area(1, showing=showing)

    answer = api.post("/api/v1/orders/", {"showing": showing.pk, "seats": [seat.pk]})

    assert (answer.status_code, answer.data["code"]) == (409, "sales-closed")
    assert f"The sale ended at {showing.local(showing.ends_at)}." in answer.data["detail"]
    assert not Order.objects.exists()
    assert Seat.objects.get().status == "available"


def test_a_postponed_event_takes_money_that_is_on_its_way_but_begins_no_new_attempt(
    api, customer, event
):
    order = waiting_order(event, customer=customer)
    assert pay(api, order).status_code == 201
    postpone(event)
    run_all()
    assert state(order) == (PENDING, {"held"})

    assert pay(api, order).data["code"] == "order-not-payable"
    assert call_ipn(success(Payment.objects.get())) == "00"

    assert state(order) == (PAID, {"sold"})
    assert_all_is_well()


REASONS = {
    "en": "Why: The event was postponed.",
    "vi": "Lý do: Sự kiện đã bị hoãn.",
}


@pytest.mark.parametrize("language", REASONS)
def test_what_nobody_tried_to_pay_ends_when_its_event_is_postponed(
    customer, client, event, mailoutbox, language
):
    order = waiting_order(event, customer=customer, language=language)
    elsewhere = placed_order()
    had(mailoutbox)

    postpone(event)

    told = [(mail.to, REASONS[language] in mail.body) for mail in had(mailoutbox)]
    assert told == [([order.email], True)]
    assert state(order) == (CANCELLED, {"available"})
    assert state(elsewhere) == (PENDING, {"held"})
    client.force_login(customer)
    assert "The event was postponed before the order was paid." in text_of(
        client.get(page_of(order))
    )
    assert_all_is_well()


def test_its_seats_can_be_ordered_again_once_it_takes_place(api, customer, event):
    order = waiting_order(event, customer=customer)
    seats = list(order.holds.values_list("seat_id", flat=True))
    postpone(event)
    run_all()
    reinstate(event)

    answer = api.post("/api/v1/orders/", {"showing": order.showing_id, "seats": seats})

    assert answer.status_code == 201


def test_an_event_that_goes_on_before_they_ended_keeps_them(event, mailoutbox):
    order = waiting_order(event)
    postpone(event)
    reinstate(event)
    run_all()

    assert state(order) == (PENDING, {"held"})


def test_who_pays_at_last_for_another_date_hears_of_it(api, customer, event, mailoutbox):
    order = waiting_order(event, customer=customer)
    bought_before = bought(order.showing)
    assert pay(api, order).status_code == 201
    for step, of in [(postpone, event), (move_to, order.showing), (reinstate, event)]:
        step(of)
        had(mailoutbox)

    assert call_ipn(success(Payment.objects.get(order=order))) == "00"

    told = had(mailoutbox)
    assert {mail.to[0] for mail in told} == {order.email} != {bought_before.email}
    assert [mail.subject for mail in told[1:]] == ["Đêm nhạc Trịnh takes place after all"]
    assert f"It takes place on {NEW_DATE}." in told[1].body
    assert_all_is_well()


def test_who_orders_after_the_news_hears_nothing_old(event, mailoutbox):
    postpone(event)
    had(mailoutbox)
    reinstate(event)
    had(mailoutbox)

    bought(ShowingFactory(event=event))

    assert [mail.subject for mail in had(mailoutbox)] == ["Your tickets for Đêm nhạc Trịnh"]


def test_an_order_placed_a_moment_after_the_end_can_not_be_paid_and_expires(api, customer, event):
    call_off(event)
    run_all()
    order = waiting_order(event, customer=customer)  # whoever placed it saw the event on sale

    assert pay(api, order).data["code"] == "order-not-payable"
    Order.objects.filter(pk=order.pk).update(expires_at=from_now(seconds=-1))
    assert settle_order(order_id=order.pk) is None

    assert state(order) == ("expired", {"available"})
    assert_all_is_well()


def test_the_same_key_still_gives_the_attempt_that_was_made_before_the_end(event):
    order = waiting_order(event)
    asked = {"order_id": order.pk, "provider": "vnpay", "customer": Customer("127.0.0.1")}
    first = start_payment(**asked, idempotency_key="once")
    call_off(event)

    assert start_payment(**asked, idempotency_key="once") == first
