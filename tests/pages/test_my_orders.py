"""Customers see their own orders, pay, cancel and take their tickets: session, no token."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from orders.models import Order, Ticket
from orders.operations import end_unpaid
from orders.services import check_in
from payments.models import Payment
from tests.factories import (
    CustomerFactory,
    EventFactory,
    PaymentFactory,
    ShowingFactory,
    from_now,
    overdue_order,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.pages.my_pages import everything, hidden, page_of, text_of
from tests.payments.vnpay_calls import RETURN, failure, success, suspicion

EVIL = '<script>alert("x")</script>'


@pytest.fixture
def me(client, customer):
    """A browser signed in as `customer`."""
    client.force_login(customer)
    return client


@pytest.fixture
def order(customer):
    return placed_order(customer=customer)


@pytest.fixture
def paid(customer):
    return paid_order(customer=customer)


def reread(row):
    return type(row).objects.get(pk=row.pk)


def press_pay(me, order):
    key = hidden(me.get(page_of(order)), "key")
    return me.post(page_of(order, "pay/"), {"key": key})


# --- who may see what --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rest", ["", "event.ics", "tickets.pdf", "refund/", "refund/quote/?reason=personal"]
)
def test_who_is_not_signed_in_is_asked_to_and_comes_back(client, paid, rest):
    answer = client.get(page_of(paid, rest))

    assert answer.status_code == 302
    asked = urlsplit(answer.headers["Location"])
    assert asked.path == "/accounts/login/"
    assert parse_qs(asked.query) == {"next": [page_of(paid, rest)]}


def test_my_orders_are_for_those_who_are_signed_in(client):
    assert client.get("/orders/").headers["Location"] == "/accounts/login/?next=/orders/"


@pytest.mark.parametrize("action", ["pay/", "cancel/", "refund/request/"])
def test_who_was_signed_out_meanwhile_changes_nothing_and_comes_back_to_the_order(
    client, order, action
):
    before = everything()

    answer = client.post(page_of(order, action))

    assert answer.headers["Location"] == f"/accounts/login/?next={page_of(order)}"
    assert everything() == before


@pytest.mark.parametrize(
    "rest", ["", "state/", "event.ics", "tickets.pdf", "refund/", "refund/quote/?reason=personal"]
)
def test_somebody_elses_order_does_not_exist(me, rest):
    assert me.get(page_of(paid_order(), rest)).status_code == 404


@pytest.mark.parametrize("action", ["pay/", "cancel/", "refund/request/"])
def test_nothing_can_be_done_to_somebody_elses_order(me, action):
    order = placed_order()
    before = everything()

    assert me.post(page_of(order, action)).status_code == 404
    assert everything() == before


@pytest.mark.parametrize("file", ["qr.svg", "ticket.pdf"])
def test_somebody_elses_ticket_does_not_exist(me, client, file):
    ticket = paid_order().tickets.first()

    assert me.get(f"/tickets/{ticket.code}/{file}").status_code == 404
    assert Client().get(f"/tickets/{ticket.code}/{file}").status_code == 302


@pytest.mark.parametrize("code", ["LOST", "0" * 12, "%00" * 12, "a" * 12])
def test_what_cannot_be_a_code_is_no_address(me, code):
    assert me.get(f"/orders/{code}/").status_code == 404


def test_the_state_is_no_page_to_be_sent_to_after_signing_in(client, order):
    assert client.get(page_of(order, "state/")).status_code == 403


@pytest.mark.parametrize("action", ["pay/", "cancel/", "refund/request/"])
def test_nothing_changes_by_being_visited(me, order, action):
    before = everything()

    assert me.get(page_of(order, action)).status_code == 405
    assert everything() == before


@pytest.mark.parametrize("action", ["pay/", "cancel/", "refund/request/"])
def test_other_sites_cannot_press_our_buttons(customer, order, action):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(customer)
    before = everything()

    assert browser.post(page_of(order, action)).status_code == 403
    assert everything() == before


# --- my orders ---------------------------------------------------------------------------------


def test_my_orders_come_newest_first_with_what_to_do_next(me, customer):
    paid_order(customer=customer, created_at=from_now(days=-2))
    order = placed_order(customer=customer)
    placed_order()

    answer = me.get("/orders/")

    orders = [each["order"] for each in answer.context["listed"]]
    assert [each.status for each in orders] == ["pending_payment", "paid"]
    text = text_of(answer)
    assert "Waiting for payment" in text
    assert f"Pay by {order.expires_at.astimezone(order.showing.zone):%A}" in text
    assert "Your tickets are ready." in text
    assert "2 places · 1,000,000 VND" in text


def test_who_has_no_orders_is_shown_where_to_begin(me):
    assert "You have not ordered anything yet." in text_of(me.get("/orders/"))


def test_many_orders_come_in_pages_with_the_same_few_queries(
    me, customer, django_assert_max_num_queries
):
    for _ in range(22):
        placed_order(seats_in_area(1), customer=customer)

    with django_assert_max_num_queries(5):
        first = me.get("/orders/")
    assert len(first.context["listed"]) == 20
    assert "Older orders" in text_of(first)
    assert len(me.get("/orders/?page=2").context["listed"]) == 2
    assert len(me.get("/orders/?page=nonsense").context["listed"]) == 20
    assert len(me.get("/orders/?page=999").context["listed"]) == 2


# --- one order ---------------------------------------------------------------------------------


def test_an_order_that_waits_says_until_when_in_the_zone_of_its_showing(me, customer):
    showing = ShowingFactory(time_zone="America/New_York")
    order = placed_order(seats_in_area(2, showing=showing), customer=customer)

    answer = me.get(page_of(order))

    local = order.expires_at.astimezone(order.showing.zone)
    assert "Your seats are held for you." in text_of(answer)
    assert f"{local:%H:%M} (America/New_York)" in text_of(answer)
    assert "Pay 1,000,000 VND with VNPay" in text_of(answer)
    assert 890 <= answer.context["seconds_left"] <= 900


def test_the_countdown_asks_for_a_state_that_changes_when_the_page_has_to(me, order):
    def told():
        return me.get(page_of(order, "state/")).json()

    assert told()["state"] == me.get(page_of(order)).context["state"]
    assert 890 <= told()["seconds_left"] <= 900
    Order.objects.filter(pk=order.pk).update(expires_at=from_now(seconds=-1))
    assert told() == {"state": "pending_payment:settling", "seconds_left": 0}
    assert me.get(page_of(order)).context["state"] == "pending_payment:settling"


def test_after_the_deadline_nobody_is_asked_to_pay_again(me, customer):
    answer = me.get(page_of(overdue_order(customer=customer)))

    assert "please don't pay again" in text_of(answer)
    assert "with VNPay" not in text_of(answer)


def test_in_the_last_minute_nobody_is_sent_to_pay(me, customer):
    order = placed_order(customer=customer, expires_at=from_now(seconds=40))

    answer = me.get(page_of(order))

    assert "Too little time is left to pay." in text_of(answer)
    assert "with VNPay" not in text_of(answer)


def test_a_payment_that_is_being_checked_is_not_made_twice(me, order):
    me.get(f"{RETURN}?{suspicion(PaymentFactory(order=order))}")

    answer = me.get(page_of(order))

    assert "We are checking your payment." in text_of(answer)
    assert "with VNPay" not in text_of(answer)


def test_a_paid_order_shows_tickets_with_codes_and_files(me, paid):
    answer = me.get(page_of(paid))

    tickets = list(paid.tickets.all())
    assert len(tickets) == 2
    for ticket in tickets:
        assert ticket.code in text_of(answer)
        page = answer.content.decode()
        assert f'src="/tickets/{ticket.code}/qr.svg"' in page
        qr = me.get(f"/tickets/{ticket.code}/qr.svg")
        assert qr.headers["Content-Type"] == "image/svg+xml"
        assert "private" in qr.headers["Cache-Control"]
        pdf = me.get(f"/tickets/{ticket.code}/ticket.pdf")
        assert pdf.content.startswith(b"%PDF-")
    assert me.get(page_of(paid, "tickets.pdf")).content.startswith(b"%PDF-")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("file", ["event.ics", "tickets.pdf"])
def test_an_order_without_tickets_has_no_files(me, order, file):
    assert me.get(page_of(order, file)).status_code == 404


def test_a_used_ticket_says_when_and_shows_no_code_to_scan(me, paid, admin_user):
    ticket = paid.tickets.first()
    check_in(code=ticket.code, by=admin_user)

    answer = me.get(page_of(paid))

    assert "Used" in text_of(answer)
    assert f"/tickets/{ticket.code}/qr.svg" not in answer.content.decode()


def test_a_ticket_whose_money_is_on_its_way_shows_no_code_to_scan(me, paid):
    ticket = paid.tickets.first()
    Ticket.objects.filter(pk=ticket.pk).update(refund_approved_at=from_now())

    answer = me.get(page_of(paid))

    assert "it lets nobody in" in text_of(answer)
    assert f"/tickets/{ticket.code}/qr.svg" not in answer.content.decode()


def test_an_order_page_costs_as_many_queries_for_ten_seats_as_for_one(
    me, customer, django_assert_max_num_queries
):
    order = paid_order(seats_in_area(10), customer=customer)
    waiting = placed_order(seats_in_area(10), customer=customer)

    with django_assert_max_num_queries(8):
        me.get(page_of(order))
    with django_assert_max_num_queries(8):
        me.get(page_of(waiting))


def test_an_expired_order_says_why_and_how_to_choose_again(me, order):
    order.expire(by=None, at=from_now(), reason="Time is up.")
    end_unpaid(order, at=from_now())

    answer = me.get(page_of(order))

    assert "There are no tickets for this order." in text_of(answer)
    assert "We received no payment by" in text_of(answer)
    assert f'href="/showings/{order.showing_id}/"' in answer.content.decode()


def test_an_ended_order_whose_sale_is_over_leads_to_the_event(me, customer):
    showing = ShowingFactory(sale_over=True)
    order = placed_order(seats_in_area(2, showing=showing), customer=customer)
    me.post(page_of(order, "cancel/"))

    page = me.get(page_of(order)).content.decode()

    assert f'href="/events/{order.event.slug}/"' in page
    assert f'href="/showings/{order.showing_id}/"' not in page


def test_late_money_is_told_on_the_page_of_the_order(me, order):
    payment = PaymentFactory(order=order)
    me.post(page_of(order, "cancel/"))
    me.get(f"{RETURN}?{success(payment)}")

    text = text_of(me.get(page_of(order)))

    assert "The whole 1,000,000 VND goes back to where it came from." in text
    assert payment.txn_ref in text


def test_an_event_that_is_off_says_that_the_money_comes_by_itself(me, customer):
    seats = seats_in_area(2, showing=ShowingFactory(event=EventFactory()))
    paid = paid_order(seats, customer=customer)
    event = reread(paid.event)
    event.cancel(by=None, at=from_now(), reason="The test cancels it.")
    event.save()

    text = text_of(me.get(page_of(paid)))

    assert "The event was cancelled." in text
    assert "Your money goes back in full by itself" in text
    assert "Give tickets back" not in text


def test_names_from_outside_are_text_and_nothing_else(me, customer):
    showing = ShowingFactory(event=EventFactory(title=EVIL, venue=EVIL))
    seats = seats_in_area(1, showing=showing, name=EVIL)
    paid = paid_order(seats, customer=customer)

    for address in ("/orders/", page_of(paid), page_of(paid, "refund/")):
        assert EVIL not in me.get(address).content.decode()


def test_pages_speak_vietnamese(me, paid):
    text = text_of(me.get(page_of(paid), headers={"Accept-Language": "vi"}))

    assert "Vé của bạn" in text
    assert "Your" not in text


@pytest.mark.parametrize("address", ["/orders/", "page", "refund/"])
def test_no_script_or_style_stands_in_a_page(me, paid, address):
    answer = (
        me.get(page_of(paid, "" if address == "page" else address))
        if (address != "/orders/")
        else me.get(address)
    )
    page = answer.content.decode()

    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<script>" not in page
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy


# --- cancelling and paying ---------------------------------------------------------------------


def test_a_customer_gives_the_seats_back_and_pressing_twice_is_the_same(me, order):
    for _ in range(2):
        answer = me.post(page_of(order, "cancel/"), follow=True)
        assert answer.redirect_chain == [(page_of(order), 302)]
        assert "The order is cancelled" in text_of(answer)

    assert reread(order).status == "cancelled"


def test_a_paid_order_is_not_cancelled_and_says_so(me, paid):
    answer = me.post(page_of(paid, "cancel/"), follow=True)

    assert "This order can't be cancelled any more. The order is paid." in text_of(answer)
    assert reread(paid).status == "paid"


def test_pay_commits_an_attempt_and_sends_the_browser_to_the_provider(me, order, settings):
    answer = press_pay(me, order)

    [attempt] = Payment.objects.filter(order=order)
    assert answer.status_code == 302
    assert answer.headers["Location"] == attempt.payment_url
    assert attempt.payment_url.startswith(settings.VNPAY_PAYMENT_URL)


def test_the_page_may_send_its_form_to_the_provider_and_to_nobody_else(me, order, settings):
    policy = me.get(page_of(order)).headers["Content-Security-Policy"]

    assert f"form-action 'self' {settings.VNPAY_ORIGIN};" in f"{policy};"
    assert settings.VNPAY_ORIGIN not in me.get("/orders/").headers["Content-Security-Policy"]


def test_pressing_pay_twice_is_one_attempt(me, order):
    key = hidden(me.get(page_of(order)), "key")

    first, second = (me.post(page_of(order, "pay/"), {"key": key}) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert Payment.objects.count() == 1


def test_an_old_page_starts_a_new_attempt_after_its_first_one_failed(me, order):
    key = hidden(me.get(page_of(order)), "key")
    me.post(page_of(order, "pay/"), {"key": key})
    me.get(f"{RETURN}?{failure(Payment.objects.get())}")

    me.post(page_of(order, "pay/"), {"key": key})

    assert [each.status for each in Payment.objects.order_by("pk")] == ["failed", "pending"]
    assert "The last attempt did not go through" not in text_of(me.get(page_of(order)))


def test_after_a_failed_attempt_the_page_says_so_and_lets_try_again(me, order):
    press_pay(me, order)
    me.get(f"{RETURN}?{failure(Payment.objects.get())}")

    text = text_of(me.get(page_of(order)))

    assert "The last attempt did not go through, and no money was taken." in text
    assert "Pay 1,000,000 VND with VNPay" in text


def test_a_refusal_to_pay_is_told_on_the_order(me, customer):
    order = placed_order(customer=customer, expires_at=from_now(seconds=70))
    key = hidden(me.get(page_of(order)), "key")
    Order.objects.filter(pk=order.pk).update(expires_at=from_now(seconds=30))

    answer = me.post(page_of(order, "pay/"), {"key": key}, follow=True)

    assert "The time to pay for this order is over." in text_of(answer)
    assert not Payment.objects.exists()


@pytest.mark.parametrize("body", [{}, {"key": "x"}])
def test_a_pay_button_without_its_key_brings_back_to_the_order(me, order, body):
    assert me.post(page_of(order, "pay/"), body).headers["Location"] == page_of(order)
    assert not Payment.objects.exists()


def test_somebody_else_signed_in_sees_none_of_it(me, client, paid):
    other = Client()
    other.force_login(CustomerFactory())

    assert paid.code not in other.get("/orders/").content.decode()
    assert datetime.now(UTC) > paid.created_at
