"""What the provider tells of refunds: ours agree, those of others are told as cases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from orders.models import Order
from payments.locks import lock_payment
from payments.models import Channel, Payment, PaymentCase, Reversal
from payments.operations.results import Moment, Recorded, apply_result
from payments.operations.reversals import hear
from payments.providers import Outcome, RefundState, RefundWord, Result
from payments.services import reconcile_payments
from tests.factories import paid_order
from tests.payments.reconciled import cases, counts, let_time_pass
from tests.payments.reconciled import give_back as give_back_there
from tests.payments.reversed import (
    ENDED,
    advance,
    all_about_money,
    broken_rules,
    decide,
    facts,
    give_back,
    reversed_amount,
    status,
)

A_DAY = 24 * 60
AGREED = {"asked": 1, "agreed": 1}
CASE = {"asked": 1, "cases": 1}


@pytest.fixture
def boss():
    return User.objects.create_superuser("boss", "boss@example.org")


def reconcile():
    let_time_pass(A_DAY)
    Payment.objects.update(reconciled_at=None, paid_at=timezone.now())
    return counts(reconcile_payments())


@pytest.mark.parametrize("amount", [1_000_000, 400_000])
@pytest.mark.parametrize("outcome", ["done", "processing_then_done", "processing_then_rejected"])
def test_our_own_refund_is_no_contradiction(captured, vnpay, amount, outcome):
    vnpay.set_weather(refund_outcome=outcome)
    advance(give_back(captured, amount))

    assert reconcile() == AGREED

    assert not PaymentCase.objects.exists()
    assert broken_rules() == {}


def test_reconciling_ends_a_reversal_as_asking_does(captured, vnpay):
    vnpay.set_weather(refund_outcome="done", answer_lost={"value": True, "times": 1})
    reversal = give_back(captured)
    advance(reversal)
    assert status(reversal) == "unknown"

    assert reconcile() == AGREED

    assert status(reversal) == "succeeded"
    assert facts(reversal) == [ENDED]
    assert broken_rules() == {}


def test_a_refund_by_others_beside_ours_is_still_a_case(captured, vnpay):
    vnpay.set_weather(refund_outcome="done")
    reversal = give_back(captured, 400_000)
    advance(reversal)
    give_back_there(vnpay, captured, 400_000, "03")

    assert reconcile() == CASE

    assert cases() == [("given_back", "open")]
    assert status(reversal) == "succeeded"
    assert reversed_amount(captured) == 400_000


def test_word_of_the_payment_alone_closes_no_case_of_money_that_went_back(captured, vnpay):
    give_back_there(vnpay, captured, 300_000, "03")
    assert reconcile() == CASE

    assert hear_that_it_was_paid(captured) is Recorded.REPEATED

    assert cases() == [("given_back", "open")]


def test_our_own_refund_does_not_close_the_case_of_another(captured, vnpay):
    vnpay.set_weather(refund_outcome="done")
    give_back_there(vnpay, captured, 300_000, "03")
    assert reconcile() == CASE
    advance(give_back(captured, 400_000))

    assert reconcile() == AGREED

    assert cases() == [("given_back", "open")]


def test_a_refund_by_others_that_was_told_of_is_not_taken_for_ours(captured, vnpay):
    vnpay.set_weather(refund_outcome="done")
    give_back_there(vnpay, captured, 300_000, "03")
    reconcile()
    vnpay.set_weather(refund_99=True)
    reversal = give_back(captured, 300_000)

    for _ in range(4):
        last = advance(reversal)

    assert (last, status(reversal), Reversal.objects.get().denials) == (None, "unknown", 3)
    assert cases() == [("given_back", "open")]


def test_what_a_person_rejected_and_vnpay_did_is_a_case(captured, vnpay, boss):
    vnpay.set_weather(refund_outcome="done", answer_lost={"value": True, "times": 1})
    reversal = give_back(captured)
    advance(reversal)
    decide(reversal, succeeded=False, by=boss)

    assert reconcile() == CASE
    assert reconcile() == CASE

    assert cases() == [("given_back", "open")]
    assert status(reversal) == "rejected"
    assert broken_rules() == {}


def test_what_a_person_confirmed_and_vnpay_rejects_is_a_case(captured, vnpay, boss):
    vnpay.set_weather(refund_outcome="processing_then_rejected")
    reversal = give_back(captured)
    advance(reversal)
    decide(reversal, succeeded=True, by=boss)
    while vnpay.transaction(captured.txn_ref)["refunds"][0]["status"] != "09":
        pass

    assert reconcile() == CASE
    hear_that_it_was_paid(captured)

    assert cases() == [("given_back", "open")]
    assert reversal.request_id in PaymentCase.objects.get().description
    assert status(reversal) == "succeeded"
    assert reversed_amount(captured) == captured.amount


def test_what_a_person_confirmed_and_vnpay_confirms_later_agrees(captured, vnpay, boss):
    vnpay.set_weather(refund_outcome="done", answer_lost={"value": True, "times": 1})
    reversal = give_back(captured, 400_000)
    advance(reversal)
    decide(reversal, succeeded=True, by=boss)

    assert reconcile() == AGREED

    assert Reversal.objects.get().provider_transaction_no
    assert not PaymentCase.objects.exists()


@pytest.fixture
def payment():
    return paid_order().payments.get()


def listen(payment, state, amount, number):
    with transaction.atomic():
        Order.objects.get_for_update(payment.order_id)
        locked = Payment.objects.get_for_update(payment.pk)
        return hear(locked, RefundWord(state, Decimal(amount), number), timezone.now())


def test_word_of_a_reversal_that_was_not_sent_is_of_somebody_elses(payment):
    give_back(payment, 400_000)
    before = all_about_money()

    assert listen(payment, RefundState.DONE, 400_000, "77") is None

    assert all_about_money() == before


def hear_that_it_was_paid(payment):
    """VNPay's answer, where it tells of the payment and of no refund."""
    result = Result(payment.txn_ref, Outcome.PAID, payment.amount)
    moment = Moment(timezone.now(), Channel.QUERY, was_captured=True)
    with transaction.atomic():
        return apply_result(lock_payment(payment), result, moment)


def sent(payment, amount):
    reversal = give_back(payment, amount)
    reversal.send(by=None, at=timezone.now(), reason="The test sends it.", request={})
    reversal.save()
    return reversal


@pytest.mark.parametrize(("amount", "number"), [(400_001, "77"), (400_000, ""), (400_000, "0")])
def test_word_of_another_amount_or_without_a_number_is_not_of_ours(payment, amount, number):
    sent(payment, 400_000)
    before = all_about_money()

    assert listen(payment, RefundState.DONE, amount, number) is None

    assert all_about_money() == before


def test_word_of_an_earlier_reversal_says_nothing_of_a_later_one_of_the_same_amount(payment):
    first = sent(payment, 400_000)
    assert listen(payment, RefundState.DONE, 400_000, "77") == first
    second = sent(payment, 400_000)

    assert listen(payment, RefundState.DONE, 400_000, "77") == first
    assert status(second) == "sent"

    assert listen(payment, RefundState.UNDER_WAY, 400_000, "78") == second
    assert (status(first), status(second)) == ("succeeded", "accepted")
    assert facts(first) == [ENDED]


def test_word_repeated_any_number_of_times_moves_a_reversal_once(payment):
    reversal = sent(payment, 400_000)

    for _ in range(3):
        listen(payment, RefundState.REJECTED, 400_000, "77")

    assert status(reversal) == "rejected"
    assert reversed_amount(payment) == 0
    assert facts(reversal) == [ENDED]
    assert broken_rules() == {}
