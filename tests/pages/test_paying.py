"""Customers pay an order at the provider, or give its seats back."""

from __future__ import annotations

import pytest

from orders.models import Order
from orders.services import cancel_order
from payments.models import Payment
from tests.factories import CustomerFactory, from_now, placed_order, reread
from tests.pages.my_pages import hidden, page_of, text_of
from tests.payments.reconciled import let_time_pass
from tests.payments.vnpay_calls import RETURN, failure, suspicion
from ticketing.services import confirm_cancellation


def press_pay(me, order):
    key = hidden(me.get(page_of(order)), "key")
    return me.post(page_of(order, "pay/"), {"key": key})


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


@pytest.mark.parametrize("is_reviewed", ["its own attempt", "another attempt"])
def test_an_old_page_sends_nobody_to_pay_again_what_is_being_checked(me, order, is_reviewed):
    key = hidden(me.get(page_of(order)), "key")
    me.post(page_of(order, "pay/"), {"key": key})
    if is_reviewed == "another attempt":
        press_pay(me, order)
    me.get(f"{RETURN}?{suspicion(Payment.objects.latest('pk'))}")
    before = Payment.objects.count()

    answer = me.post(page_of(order, "pay/"), {"key": key}, follow=True)

    assert answer.redirect_chain == [(page_of(order), 302)]
    assert "A payment of this order is being checked; please don't pay again." in text_of(answer)
    assert Payment.objects.count() == before


def test_an_old_page_sends_nobody_to_pay_after_the_deadline(me, order):
    key = hidden(me.get(page_of(order)), "key")
    me.post(page_of(order, "pay/"), {"key": key})
    let_time_pass()

    answer = me.post(page_of(order, "pay/"), {"key": key}, follow=True)

    assert answer.redirect_chain == [(page_of(order), 302)]
    assert "We are checking whether it was paid" in text_of(answer)
    assert Payment.objects.count() == 1


def call_off(order):
    confirm_cancellation(
        event_id=order.event_id,
        by=CustomerFactory(is_staff=True, is_superuser=True),
        reason="The house burnt down.",
    )


def give_back(order):
    cancel_order(order_id=order.pk, by=order.customer)


@pytest.mark.parametrize("end", [give_back, call_off])
def test_an_old_page_sends_nobody_to_pay_for_what_has_ended(me, order, end):
    key = hidden(me.get(page_of(order)), "key")
    me.post(page_of(order, "pay/"), {"key": key})

    end(order)
    answer = me.post(page_of(order, "pay/"), {"key": key})

    assert answer.headers["Location"] == page_of(order)
    assert Payment.objects.count() == 1


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
