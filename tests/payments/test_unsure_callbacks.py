"""Callbacks that leave open what became of the money (vnpay.md 4.1): VNPay is asked at once."""

from __future__ import annotations

import pytest

from jobs.models import Job
from jobs.services import run_due_jobs
from payments.models import ProviderMessage
from payments.services import settle_order
from tests.factories import PaymentFactory, from_now
from tests.payments.reconciled import let_time_pass, state
from tests.payments.vnpay_calls import RETURN, failure, success
from ticketing.invariants import violations

QUESTION = "payments.question_due"


def questions():
    return ProviderMessage.objects.filter(channel="query").count()


def told_as_99(vnpay, payment, outcome):
    """VNPay has come to an end with it, and its call says "other error"."""
    vnpay.decide(payment.txn_ref, outcome)
    return failure(payment, code="99")


@pytest.mark.parametrize("code", ["99", "08"])
def test_a_failure_that_vnpay_can_not_name_is_no_failure_before_it_was_asked(start, call_ipn, code):
    payment = start()

    assert call_ipn(failure(payment, code=code)) == "00"

    assert state(payment) == ("pending", "pending_payment", {"held"})
    assert Job.objects.get(topic=QUESTION).payload == {"payment_id": payment.pk}


def test_once_vnpay_says_that_it_failed_the_customer_may_try_again(start, vnpay, call_ipn, client):
    payment = start()
    query = told_as_99(vnpay, payment, "card_expired")
    assert "We are checking" in client.get(f"{RETURN}?{query}").content.decode()

    run_due_jobs()

    assert Job.objects.get(topic=QUESTION).status == "done"
    assert state(payment) == ("failed", "pending_payment", {"held"})
    assert "No money was taken" in client.get(f"{RETURN}?{query}").content.decode()
    assert not any(violations().values())


def test_money_behind_an_unnamed_failure_pays_the_order(start, vnpay, call_ipn):
    payment = start()
    call_ipn(told_as_99(vnpay, payment, "success"))

    run_due_jobs()

    assert state(payment) == ("captured", "paid", {"sold"})
    assert not any(violations().values())


def test_money_behind_an_unnamed_failure_is_found_before_its_seats_are_freed(
    start, vnpay, call_ipn
):
    payment = start()
    call_ipn(told_as_99(vnpay, payment, "success"))
    Job.objects.filter(topic=QUESTION).delete()
    let_time_pass()

    settle_order(order_id=payment.order_id)

    assert state(payment) == ("captured", "paid", {"sold"})


def test_it_is_asked_about_once_however_often_it_is_told(start, vnpay, call_ipn, client):
    payment = start()
    query = told_as_99(vnpay, payment, "other")

    client.get(f"{RETURN}?{query}")
    assert call_ipn(query) == call_ipn(query) == "00"
    assert Job.objects.filter(topic=QUESTION).count() == 1
    run_due_jobs()
    assert call_ipn(query) == "00"
    run_due_jobs()

    assert questions() == 1
    assert state(payment) == ("failed", "pending_payment", {"held"})


def test_what_vnpay_does_not_find_yet_is_asked_about_again(vnpay, call_ipn, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    payment = PaymentFactory()  # its link was never opened there
    call_ipn(failure(payment, code="99"))

    assert run_due_jobs() == {"postponed": 1}

    assert questions() == 1
    assert state(payment) == ("pending", "pending_payment", {"held"})
    assert Job.objects.get(topic=QUESTION).run_at > from_now(seconds=290)


@pytest.mark.parametrize("weather", [{"api_down": True}, {"query_99": True}])
def test_a_silent_vnpay_is_asked_again(start, vnpay, call_ipn, weather):
    payment = start()
    query = told_as_99(vnpay, payment, "success")
    vnpay.set_weather(**weather)
    call_ipn(query)
    run_due_jobs()
    assert state(payment) == ("pending", "pending_payment", {"held"})

    vnpay.set_weather(**dict.fromkeys(weather))
    Job.objects.filter(topic=QUESTION).update(run_at=from_now(seconds=-1))
    run_due_jobs()

    assert state(payment) == ("captured", "paid", {"sold"})


def test_from_the_deadline_on_settling_asks_alone(start, vnpay, call_ipn):
    payment = start()
    query = told_as_99(vnpay, payment, "left")
    let_time_pass()
    call_ipn(query)

    assert run_due_jobs() == {"done": 1}

    assert state(payment) == ("pending", "pending_payment", {"held"})


def test_a_new_word_that_leaves_it_open_is_asked_about_anew(start, vnpay, call_ipn):
    payment = start()
    call_ipn(failure(payment, code="00", TransactionStatus="01"))
    run_due_jobs()

    call_ipn(told_as_99(vnpay, payment, "other"))
    run_due_jobs()

    assert state(payment) == ("failed", "pending_payment", {"held"})


def test_nobody_is_asked_about_what_was_told_for_sure_meanwhile(start, call_ipn):
    payment = start()
    call_ipn(failure(payment, code="99"))
    call_ipn(success(payment))

    run_due_jobs()

    assert questions() == 0
    assert state(payment) == ("captured", "paid", {"sold"})


def test_an_answer_that_leaves_it_open_raises_no_further_question(start, vnpay):
    payment = start()
    vnpay.decide(payment.txn_ref, "left")
    let_time_pass()

    settle_order(order_id=payment.order_id)

    assert state(payment) == ("pending", "pending_payment", {"held"})
    assert not Job.objects.filter(topic=QUESTION).exists()
