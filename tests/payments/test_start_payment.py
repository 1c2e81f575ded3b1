from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from orders.models import Order
from orders.operations import end_unpaid
from payments.models import Payment
from tests.factories import (
    PaymentFactory,
    from_now,
    overdue_order,
    placed_order,
    seats_in_area,
)
from tests.payments.vnpay_calls import IPN, failure, success, suspicion
from tests.sandbox.protocol import read_signed


@pytest.fixture
def order(customer):
    return placed_order(customer=customer)


def pay(api, order, body=None, **headers):
    return api.post(
        f"/api/v1/orders/{order.code}/payments/", body or {"provider": "vnpay"}, headers=headers
    )


def assert_no_attempt(order):
    assert not Payment.objects.exists()
    assert Order.objects.get(pk=order.pk).payment_started_at is None


def test_the_answer_has_a_link_for_this_attempt(api, order, settings):
    answer = pay(api, order, {"provider": "vnpay", "bank_code": "NCB", "locale": "en"})

    assert answer.status_code == 201
    payment = Payment.objects.get()
    assert answer.data["txn_ref"] == payment.txn_ref
    assert answer.data["amount"] == "1000000.00"
    link = parse_qs(urlsplit(answer.data["payment_url"]).query)
    assert link["vnp_Amount"] == ["100000000"]
    assert link["vnp_TxnRef"] == [payment.txn_ref]
    assert link["vnp_BankCode"] == ["NCB"]
    assert link["vnp_Locale"] == ["en"]
    assert order.code in link["vnp_OrderInfo"][0]
    assert link["vnp_ReturnUrl"] == [f"{settings.PUBLIC_URL}/payments/vnpay/return/"]


def test_the_link_expires_with_the_order_in_vietnams_time(api, order):
    link = parse_qs(urlsplit(pay(api, order).data["payment_url"]).query)

    expiry = order.expires_at.astimezone(UTC) + timedelta(hours=7)
    assert link["vnp_ExpireDate"] == [expiry.strftime("%Y%m%d%H%M%S")]


def test_the_signature_of_the_link_is_the_protocols_own(api, order, settings):
    settings.VNPAY_HASH_SECRET = "a-secret-that-only-tests-know"

    values = read_signed(pay(api, order).data["payment_url"])

    assert values["vnp_TxnRef"] == Payment.objects.get().txn_ref


def test_each_attempt_has_a_reference_of_its_own(api, order):
    first, second = pay(api, order), pay(api, order)

    assert first.data["txn_ref"] != second.data["txn_ref"]
    assert order.payments.count() == 2


def test_an_order_knows_since_when_somebody_tries_to_pay_it(api, order):
    pay(api, order)
    pay(api, order)

    first = order.payments.earliest("pk")
    assert Order.objects.get(pk=order.pk).payment_started_at == first.created_at


def test_the_same_key_gives_the_same_attempt(api, order):
    first = pay(api, order, **{"Idempotency-Key": "once"})
    second = pay(api, order, **{"Idempotency-Key": "once"})

    assert first.data == second.data
    assert order.payments.count() == 1


def test_the_same_key_with_another_body_is_refused(api, order):
    pay(api, order, **{"Idempotency-Key": "once"})

    answer = pay(
        api, order, {"provider": "vnpay", "bank_code": "NCB"}, **{"Idempotency-Key": "once"}
    )

    assert answer.status_code == 422
    assert answer.data["code"] == "idempotency-key-reused"
    assert order.payments.count() == 1


def test_an_order_with_less_than_a_minute_left_is_refused(api, customer):
    order = placed_order(customer=customer, expires_at=from_now(seconds=50))

    answer = pay(api, order)

    assert (answer.status_code, answer.data["code"]) == (409, "order-expired")
    assert_no_attempt(order)


@pytest.mark.parametrize(
    ("end", "code"),
    [("expire", "order-expired"), ("cancel", "order-not-payable"), ("fail", "order-not-payable")],
)
def test_an_order_that_has_ended_is_not_paid(api, order, end, code):
    getattr(order, end)(by=None, at=from_now(), reason="The test ends it.")
    end_unpaid([order], at=from_now())

    answer = pay(api, order)

    assert (answer.status_code, answer.data["code"]) == (409, code)
    assert_no_attempt(order)


def test_the_attempts_are_listed_with_what_became_of_them_the_newest_first(api, order, client):
    failed = pay(api, order).data
    client.get(f"{IPN}?{failure(Payment.objects.get())}")
    left = pay(api, order).data
    checked = pay(api, order).data
    client.get(f"{IPN}?{suspicion(Payment.objects.latest('pk'))}")
    PaymentFactory()

    answer = api.get(f"/api/v1/orders/{order.code}/payments/")

    assert answer.status_code == 200
    assert answer.data == [
        {**checked, "status": "review", "is_being_checked": True},
        {**left, "status": "pending"},
        {**failed, "status": "failed"},
    ]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (suspicion, "review"),
        (lambda each: failure(each, code="99"), "pending"),
        (lambda each: success(each, Amount="500000"), "pending"),
        (lambda each: suspicion(each, Amount="500000"), "pending"),
    ],
)
def test_while_an_attempt_may_have_paid_it_nobody_pays_again(api, order, client, word, status):
    pay(api, order)
    client.get(f"{IPN}?{word(Payment.objects.get())}")

    answer = pay(api, order)

    assert (answer.status_code, answer.data["code"]) == (409, "order-not-payable")
    assert "is being checked; please don't pay again." in answer.data["detail"]
    assert [each.status for each in Payment.objects.all()] == [status]
    [listed] = api.get(f"/api/v1/orders/{order.code}/payments/").data
    assert listed["is_being_checked"] is True


def test_a_failure_of_another_amount_keeps_nobody_from_paying(api, order, client):
    pay(api, order)
    client.get(f"{IPN}?{failure(Payment.objects.get(), Amount='500000')}")

    assert pay(api, order).status_code == 201


def test_an_attempt_that_came_to_nothing_after_a_review_is_followed_by_another(api, order, client):
    pay(api, order)
    client.get(f"{IPN}?{suspicion(Payment.objects.get())}")
    client.get(f"{IPN}?{failure(Payment.objects.get())}")

    assert pay(api, order).status_code == 201


def test_while_money_that_came_too_late_waits_to_be_settled_nobody_pays_again(api, order, client):
    """A hold has ended before its order, so the job decides whether the seats are still there."""
    pay(api, order)
    order.holds.update(expires_at=from_now(seconds=-1))
    client.get(f"{IPN}?{success(Payment.objects.get())}")
    assert Order.objects.get().status == "pending_payment"

    answer = pay(api, order)

    assert (answer.status_code, answer.data["code"]) == (409, "order-not-payable")
    assert [each.status for each in Payment.objects.all()] == ["captured"]


@pytest.mark.parametrize(
    ("tried", "told"),
    [
        (True, "We are checking whether it was paid; its seats are free if not."),
        (False, "Too little time is left to pay. Place a new order in a minute."),
    ],
)
def test_an_overdue_order_is_told_to_be_over_only_if_nobody_tried_to_pay_it(
    api, customer, tried, told
):
    order = overdue_order(customer=customer)
    if tried:
        PaymentFactory(order=order)
    before = Payment.objects.count()

    answer = pay(api, order)

    assert (answer.status_code, answer.data["code"]) == (409, "order-expired")
    assert told in answer.data["detail"]
    assert Payment.objects.count() == before
    listed = api.get(f"/api/v1/orders/{order.code}/payments/").data
    assert [each["is_being_checked"] for each in listed] == [True] * before


def test_of_an_overdue_order_a_failed_attempt_is_not_being_checked(api, customer):
    order = overdue_order(customer=customer)
    PaymentFactory(order=order)
    PaymentFactory(order=order, status="failed")

    listed = api.get(f"/api/v1/orders/{order.code}/payments/").data

    assert [(each["status"], each["is_being_checked"]) for each in listed] == [
        ("failed", False),
        ("pending", True),
    ]


@pytest.mark.parametrize("price", [4_999, 1_000_000_000, Decimal("50000.50")])
def test_an_amount_that_vnpay_does_not_take_is_refused_before_any_redirect(api, customer, price):
    order = placed_order(seats_in_area(1, price=price), customer=customer)

    answer = pay(api, order)

    assert (answer.status_code, answer.data["code"]) == (409, "order-not-payable")
    assert_no_attempt(order)


@pytest.mark.parametrize(
    "body",
    [
        {"provider": "paypal"},
        {"provider": ["vnpay"]},
        {"provider": ""},
        {"provider": None},
        {"bank_code": "NCB"},
        {"provider": "vnpay", "bank_code": "N B"},
        {"provider": "vnpay", "bank_code": "X" * 21},
        {"provider": "vnpay", "bank_code": {}},
        {"provider": "vnpay", "locale": "fr"},
    ],
)
def test_a_body_that_makes_no_sense_is_invalid(api, order, body):
    answer = pay(api, order, body)

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert_no_attempt(order)


def test_somebody_elses_order_does_not_exist(api):
    order = placed_order()

    answer = pay(api, order)

    assert (answer.status_code, answer.data["code"]) == (404, "not-found")
    assert_no_attempt(order)


def test_visitors_pay_nothing(visitor, order):
    answer = pay(visitor, order)

    assert (answer.status_code, answer.data["code"]) == (401, "not-authenticated")
    assert_no_attempt(order)


def test_the_twenty_first_attempt_is_refused(api, order):
    PaymentFactory.create_batch(20, order=order)

    answer = pay(api, order)

    assert (answer.status_code, answer.data["code"]) == (409, "order-not-payable")
    assert order.payments.count() == 20


def test_the_provider_is_not_called_when_a_link_is_made(api, order, settings):
    settings.VNPAY_API_URL = settings.VNPAY_PAYMENT_URL = "http://127.0.0.1:9/nobody/listens"

    assert pay(api, order).status_code == 201


def test_the_clock_of_the_attempt_is_kept_for_later_questions(api, order):
    pay(api, order)

    kept = Payment.objects.get().provider_request["vnp_CreateDate"]
    made = datetime.strptime(kept + "+0700", "%Y%m%d%H%M%S%z")
    assert abs(made - from_now()) < timedelta(minutes=1)
