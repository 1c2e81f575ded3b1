from __future__ import annotations

import pytest

from orders.models import Ticket
from payments.models import PaymentCase, ProviderMessage
from tests.factories import PaymentFactory, from_now, overdue_order, placed_order
from tests.payments.vnpay_calls import RETURN, failure, success, suspicion
from ticketing.invariants import violations


@pytest.fixture
def payment():
    return PaymentFactory()


def statuses(payment):
    payment = type(payment).objects.get(pk=payment.pk)
    return payment.status, payment.order.status


def come_back(client, query):
    return client.get(f"{RETURN}?{query}")


def test_whoever_comes_back_paid_has_the_tickets_before_the_ipn_arrives(payment, client, call_ipn):
    page = come_back(client, success(payment))

    assert page.status_code == 200
    assert "Paid. Your tickets are ready." in page.content.decode()
    assert statuses(payment) == ("captured", "paid")
    assert call_ipn(success(payment)) == "02"
    assert Ticket.objects.count() == 2


def test_coming_back_after_the_ipn_shows_the_same_and_changes_nothing(payment, client, call_ipn):
    call_ipn(success(payment))

    page = come_back(client, success(payment))

    assert "Paid" in page.content.decode()
    assert Ticket.objects.count() == 2


def test_reloading_the_page_changes_nothing(payment, client):
    pages = [come_back(client, success(payment)) for _ in range(3)]

    assert {page.status_code for page in pages} == {200}
    assert Ticket.objects.count() == 2
    assert not any(violations().values())


@pytest.mark.parametrize(
    "tamper",
    [
        lambda query: query.replace("vnp_ResponseCode=24", "vnp_ResponseCode=00"),
        lambda query: query.replace("vnp_TransactionStatus=02", "vnp_TransactionStatus=00"),
        lambda query: query + "&vnp_PayDate=20261121000000",
        lambda query: "",
        lambda query: "vnp_TxnRef=1&vnp_TxnRef=2",
        lambda query: query.split("&vnp_SecureHash")[0],
    ],
)
def test_a_changed_address_is_not_believed(payment, client, tamper):
    page = come_back(client, tamper(failure(payment)))

    assert page.status_code == 400
    assert "Nothing was changed" in page.content.decode()
    assert statuses(payment) == ("pending", "pending_payment")
    assert not Ticket.objects.exists()


def test_a_refused_payment_says_that_no_money_was_taken(payment, client):
    page = come_back(client, failure(payment))

    assert "did not go through" in page.content.decode()
    assert statuses(payment) == ("failed", "pending_payment")


def test_nobody_is_told_to_try_again_beside_a_payment_that_is_being_checked(payment, client):
    come_back(client, failure(payment, code="99"))
    second = PaymentFactory(order=payment.order)

    page = come_back(client, failure(second)).content.decode()

    assert statuses(second) == ("failed", "pending_payment")
    assert "is being checked; please don't pay again." in page
    assert "ry again" not in page.replace("pay again", "")


def test_after_the_deadline_nobody_is_told_to_order_anew_what_may_be_paid(client):
    order = overdue_order()
    PaymentFactory(order=order)
    second = PaymentFactory(order=order)

    page = come_back(client, failure(second)).content.decode()

    assert "please don't pay again." in page
    assert "Place a new order" not in page


def test_after_the_deadline_a_payment_that_failed_took_no_money(client):
    payment = PaymentFactory(order=overdue_order())

    page = come_back(client, failure(payment)).content.decode()

    assert "No money was taken." in page
    assert "being checked" not in page


def test_a_suspected_payment_is_still_being_checked(payment, client):
    page = come_back(client, suspicion(payment))

    assert "We are checking your payment." in page.content.decode()
    assert statuses(payment) == ("review", "pending_payment")


def test_a_page_that_reloads_itself_brings_back_no_review_that_the_provider_has_ended(
    payment, client, call_ipn
):
    come_back(client, suspicion(payment))
    call_ipn(failure(payment))

    page = come_back(client, suspicion(payment)).content.decode()

    assert "No money was taken." in page
    assert statuses(payment) == ("failed", "pending_payment")
    case = PaymentCase.objects.get()
    assert (case.status, case.decision) == ("resolved", "No money was kept.")
    assert not any(violations().values())


@pytest.mark.parametrize("word", [suspicion, lambda payment: failure(payment, code="99")])
def test_of_a_cancelled_order_nobody_is_told_that_the_seats_stay_theirs(client, api, word):
    payment = PaymentFactory(order=placed_order(customer=api.handler._force_user))
    api.post(f"/api/v1/orders/{payment.order.code}/cancel/")

    page = come_back(client, word(payment)).content.decode()

    assert "If your money was taken, all of it goes back" in page
    assert "stay yours" not in page
    assert 'data-state="checking_ended"' in page


def test_an_unknown_reference_shows_no_order(payment, client):
    page = come_back(client, success(payment, TxnRef="L0ST"))

    assert page.status_code == 404
    assert payment.order.code not in page.content.decode()


def test_coming_back_after_the_deadline_waits_for_the_settling(client):
    payment = PaymentFactory(order=overdue_order())

    page = come_back(client, success(payment))

    assert "We are checking your payment." in page.content.decode()
    assert statuses(payment) == ("captured", "pending_payment")


def test_coming_back_to_a_cancelled_order_says_that_the_money_goes_back(client, api):
    payment = PaymentFactory(order=placed_order(customer=api.handler._force_user))
    api.post(f"/api/v1/orders/{payment.order.code}/cancel/")

    page = come_back(client, success(payment))

    assert "1,000,000 VND goes back to where it came from" in page.content.decode()
    assert PaymentCase.objects.get().kind == "late"


def test_with_display_only_the_page_changes_nothing(payment, client, call_ipn, settings):
    settings.VNPAY_CONFIRM_ON_RETURN = False

    page = come_back(client, success(payment))

    assert "We are checking your payment." in page.content.decode()
    assert statuses(payment) == ("pending", "pending_payment")
    assert call_ipn(success(payment)) == "00"
    assert "Paid" in come_back(client, success(payment)).content.decode()


def test_with_a_frontend_the_browser_is_sent_to_its_order_page(payment, client, settings):
    settings.FRONTEND_URL = "https://tickets.example"

    answer = come_back(client, success(payment))

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"https://tickets.example/orders/{payment.order.code}"
    assert statuses(payment) == ("captured", "paid")


def test_a_provider_that_does_not_exist_has_no_return_page(client):
    assert client.get("/payments/paypal/return/?x=1").status_code == 404
    assert not ProviderMessage.objects.exists()


def test_the_page_speaks_vietnamese_to_those_who_ask_for_it(payment, client):
    page = client.get(f"{RETURN}?{success(payment)}", headers={"Accept-Language": "vi"})

    assert '<html lang="vi">' in page.content.decode()


def test_the_page_is_not_kept_by_caches_and_names_no_secret(payment, client, settings):
    query = success(payment)

    page = come_back(client, query)

    assert "no-store" in page.headers["Cache-Control"]
    assert query.rsplit("=", 1)[1] not in page.content.decode()


@pytest.mark.parametrize("is_good", [True, False])
def test_whoever_pays_twice_is_told_of_good_tickets_only(payment, client, is_good):
    come_back(client, success(payment))
    Ticket.objects.update(refund_approved_at=None if is_good else from_now())
    second = PaymentFactory(order=payment.order)

    page = come_back(client, success(second)).content.decode()

    assert "This second payment is not needed." in page
    assert ("Your tickets stay valid." in page) is is_good
