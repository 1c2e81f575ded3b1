"""The page that people come back to from the provider. Anybody may open it, signed in or not."""

from __future__ import annotations

import pytest

from payments.models import PaymentCase
from payments.services import resolve_case
from tests.factories import PaymentFactory, from_now, overdue_order, placed_order
from tests.orders.closing import call_off, run_all
from tests.pages.my_pages import page_of, text_of
from tests.payments.vnpay_calls import IPN, RETURN, failure, success, suspicion
from tests.ticketing.event_states import move


@pytest.fixture
def payment(customer):
    return PaymentFactory(order=placed_order(customer=customer))


def come_back(client, query):
    return client.get(f"{RETURN}?{query}")


def state_of(client, payment):
    return client.get(f"{RETURN}{payment.txn_ref}/")


def test_the_customer_is_told_where_the_mail_went_and_led_to_the_tickets(client, payment):
    client.force_login(payment.order.customer)

    page = come_back(client, success(payment))

    assert payment.order.email in text_of(page)
    assert f'href="{page_of(payment.order)}"' in page.content.decode()


def test_nobody_else_is_told_whose_order_it_is(client, admin_user, payment):
    query = success(payment)
    for sign_in in (lambda: None, lambda: client.force_login(admin_user)):
        sign_in()

        page = come_back(client, query)

        assert "Paid. Your tickets are ready." in text_of(page)
        assert payment.order.email not in page.content.decode()


def test_a_payment_that_is_checked_asks_for_its_state_until_it_is_known(client, settings, payment):
    settings.VNPAY_CONFIRM_ON_RETURN = False

    page = come_back(client, success(payment))

    assert f'data-watch="{RETURN}{payment.txn_ref}/"' in page.content.decode()
    assert 'src="/static/orders/live.js"' in page.content.decode()
    assert "<noscript>" in page.content.decode()
    assert "http-equiv" not in page.content.decode()
    assert state_of(client, payment).json() == {"state": "checking"}
    client.get(f"{IPN}?{success(payment)}")
    assert state_of(client, payment).json() == {"state": "paid"}
    assert "Paid. Your tickets are ready." in text_of(come_back(client, success(payment)))


def test_the_state_tells_nothing_else_and_is_not_kept(client, payment):
    answer = state_of(client, payment)

    assert answer.json() == {"state": "checking"}
    assert "no-store" in answer.headers["Cache-Control"]


def test_nobody_is_told_of_checking_once_staff_have_decided(client, payment, admin_user):
    come_back(client, suspicion(payment))
    client.force_login(payment.order.customer)
    client.post(page_of(payment.order, "cancel/"))
    assert "If your money was taken, all of it goes back" in text_of(
        come_back(client, suspicion(payment))
    )

    resolve_case(case_id=payment.cases.get().pk, by=admin_user, decision="VNPay took nothing.")

    assert state_of(client, payment).json() == {"state": "decided"}
    page = come_back(client, suspicion(payment))
    assert "The order has ended, and its seats are free for others." in text_of(page)
    assert "We are checking" not in text_of(page)
    assert "goes back" not in text_of(page)
    assert "data-watch" not in page.content.decode()


def test_a_second_attempt_that_staff_have_decided_about_does_not_wait(client, payment, admin_user):
    paying = PaymentFactory(order=payment.order)
    come_back(client, suspicion(payment))
    come_back(client, success(paying))
    assert state_of(client, payment).json() == {"state": "checking"}

    resolve_case(case_id=payment.cases.get().pk, by=admin_user, decision="VNPay took nothing.")

    assert "The order was paid already." in text_of(come_back(client, suspicion(payment)))


def test_a_reference_that_nobody_has_has_no_state(client):
    assert client.get(f"{RETURN}0123456789abcdef/").status_code == 404
    assert client.get("/payments/paypal/return/0123456789abcdef/").status_code == 404


def test_a_failed_payment_says_how_long_the_seats_are_held(client, customer):
    order = placed_order(customer=customer, expires_at=from_now(minutes=7, seconds=30))

    page = come_back(client, failure(PaymentFactory(order=order)))

    assert "No money was taken. Your seats are held for 7 more minutes" in text_of(page)
    assert "Try again" in text_of(page)


def test_a_failed_payment_of_an_order_that_ended_does_not_promise_its_seats(client):
    payment = PaymentFactory(order=placed_order())
    client.force_login(payment.order.customer)
    client.post(page_of(payment.order, "cancel/"))

    text = text_of(come_back(client, failure(payment)))

    assert "The order has ended, and its seats are free for others." in text
    assert "Choose places again" in text
    assert "Try again" not in text


def test_a_failed_second_attempt_does_not_frighten_whoever_has_paid(client, payment):
    come_back(client, success(payment))

    text = text_of(come_back(client, failure(PaymentFactory(order=payment.order))))

    assert "Another attempt has paid the order: your tickets are ready." in text


@pytest.mark.parametrize(
    ("step", "of_money"),
    [
        ("cancel", "What you paid goes back in full."),
        ("confirm_fraud", "Every order that is affected is refunded in full by itself;"),
    ],
)
def test_money_for_an_event_that_is_off_is_not_thanked_for_with_tickets(
    client, payment, step, of_money
):
    event = payment.order.event
    move(event, "investigate", step)

    text = text_of(come_back(client, success(payment)))

    assert "Your order was completed, but its tickets let nobody in." in text
    assert of_money in text
    failed = text_of(come_back(client, failure(PaymentFactory(order=payment.order))))
    assert "No money was taken. The order was paid already." in failed
    for told in (text, failed):
        assert "tickets are ready" not in told
        assert "on their way" not in told


def test_a_second_payment_is_told_to_go_back(client, payment):
    come_back(client, success(payment))
    second = PaymentFactory(order=payment.order)

    text = text_of(come_back(client, success(second, TransactionNo="14226113")))

    assert "The order was paid already." in text
    assert "The whole 1,000,000 VND goes back to where it came from." in text
    assert second.txn_ref in text
    assert PaymentCase.objects.get().kind == "duplicate"


def test_money_that_came_too_late_is_told_to_go_back_by_itself(client, payment):
    client.force_login(payment.order.customer)
    client.post(page_of(payment.order, "cancel/"))

    text = text_of(come_back(client, success(payment)))

    assert "The whole 1,000,000 VND goes back to where it came from." in text
    assert payment.txn_ref in text


@pytest.mark.parametrize("word", [success, failure])
def test_money_for_an_order_that_ended_with_its_event_is_not_said_to_be_too_late(
    client, payment, word
):
    """Its customer may have paid in time, while the event was being called off."""
    order = payment.order
    call_off(order.event)
    run_all()

    text = text_of(come_back(client, word(payment)))

    assert "The event was called off before the order was paid." in text
    assert "too late" not in text
    assert "free for others" not in text
    client.force_login(order.customer)
    text = text_of(client.get(page_of(order)))
    assert "The event was called off before the order was paid." in text
    assert ("The whole 1,000,000 VND goes back" in text) is (word is success)
    assert "too late" not in text


def test_coming_back_after_the_deadline_is_still_checked(client):
    payment = PaymentFactory(order=overdue_order())

    assert "We are checking your payment." in text_of(come_back(client, success(payment)))
    assert state_of(client, payment).json() == {"state": "checking"}


def test_no_signed_address_and_no_script_stands_in_the_page(client, payment):
    query = success(payment)

    page = come_back(client, query)

    text = page.content.decode()
    assert query.rsplit("=", 1)[1] not in text
    assert "<style" not in text
    assert "<script>" not in text
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_an_unreadable_answer_leads_to_the_orders(client):
    page = come_back(client, "vnp_TxnRef=1")

    assert page.status_code == 400
    assert 'href="/orders/"' in page.content.decode()
