"""Captured money of which the provider says something else now. It stays captured."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from payments.models import Payment, PaymentCase, ReconciliationEntry
from payments.services import reconcile_payments, report_case, resolve_case
from tests.payments.reconciled import cases, counts, give_back, let_time_pass, state
from tests.payments.vnpay_calls import success
from ticketing.invariants import violations

A_DAY = 24 * 60


def decide(case):
    boss = User.objects.create_superuser("boss", "boss@example.org")
    resolve_case(case_id=case.pk, by=boss, decision="Looked up at VNPay, all is well.")


@pytest.mark.parametrize(("there", "owed"), [(999_000, 0), (1_001_000, 1_000)])
def test_another_amount_of_captured_money_is_a_case_of_what_is_above(
    start, vnpay, call_ipn, there, owed
):
    payment = start(amount_there=there)
    vnpay.decide(payment.txn_ref, "success")
    number = vnpay.transaction(payment.txn_ref)["transaction_no"]
    call_ipn(success(payment, TransactionNo=number))
    let_time_pass()

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(payment) == ("captured", "paid", {"sold"})
    case = PaymentCase.objects.get()
    assert (case.kind, case.amount, case.amount_owed) == ("amount_mismatch", there, owed)
    assert not any(violations().values())


@pytest.mark.parametrize("there", [1_000_000, 500_000])
def test_a_second_charge_on_one_reference_is_owed_back(start, vnpay, call_ipn, there):
    payment = start(amount_there=there)
    vnpay.decide(payment.txn_ref, "success")
    call_ipn(success(payment, TransactionNo="99"))
    let_time_pass()

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    case = PaymentCase.objects.get()
    assert (case.kind, case.amount_owed) == ("duplicate", there)
    assert ReconciliationEntry.objects.get().case == case
    let_time_pass(A_DAY)
    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}
    assert PaymentCase.objects.get() == case
    assert not any(violations().values())


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("cancel", "failed, code 00/01/02"),
        ("fraud", "review, code 00/01/07"),
        ("reversed", "review, code 00/01/04"),
        ("left", "pending, code 00/01/01"),
        (None, "not_found, code 91"),
    ],
)
def test_captured_money_that_the_provider_denies_is_a_case_and_stays_captured(
    start, vnpay, call_ipn, outcome, said
):
    payment = start()
    if outcome:
        vnpay.decide(payment.txn_ref, outcome)
    call_ipn(success(payment))
    let_time_pass()

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(payment) == ("captured", "paid", {"sold"})
    case = PaymentCase.objects.get()
    assert (case.kind, case.amount, case.amount_owed) == ("contradicted", payment.amount, 0)
    assert f"the provider says: {said}." in case.description
    assert not any(violations().values())


def test_a_contradiction_ends_when_the_provider_says_paid_again(captured, vnpay):
    vnpay.set_weather(captured.txn_ref, query_91=True)
    reconcile_payments()
    assert cases() == [("contradicted", "open")]
    let_time_pass(A_DAY)
    vnpay.clear_weather(captured.txn_ref)

    assert counts(reconcile_payments()) == {"asked": 1, "agreed": 1}

    assert cases() == [("contradicted", "resolved")]
    assert not any(violations().values())


@pytest.mark.parametrize(("share", "kind"), [(1, "02"), (Decimal("0.5"), "03")])
@pytest.mark.parametrize("progress", ["done", "processing_then_done"])
def test_money_that_was_given_back_there_is_a_case(captured, vnpay, share, kind, progress):
    vnpay.set_weather(refund_outcome=progress)
    number = give_back(vnpay, captured, captured.amount * share, kind)

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(captured) == ("captured", "paid", {"sold"})
    case = PaymentCase.objects.get()
    assert case.kind == "given_back"
    assert f"given back as {number}" in case.description
    told = ReconciliationEntry.objects.get().said
    assert f"paid, refund {number} of {int(captured.amount * share)} VND" in told
    assert not any(violations().values())


def test_what_a_person_decided_is_not_asked_again_day_by_day(captured, vnpay):
    vnpay.set_weather(refund_outcome="done")
    give_back(vnpay, captured, 500_000, "03")
    reconcile_payments()
    decide(PaymentCase.objects.get())
    let_time_pass(A_DAY)

    reconcile_payments()
    assert cases() == [("given_back", "resolved")]

    give_back(vnpay, captured, 500_000, "03")
    let_time_pass(A_DAY // 2)
    Payment.objects.update(reconciled_at=None)
    reconcile_payments()
    assert cases() == [("given_back", "open"), ("given_back", "resolved")]


def test_the_report_names_the_case_of_the_difference_and_no_later_one(captured, vnpay):
    vnpay.set_weather(refund_outcome="done")
    first = give_back(vnpay, captured, 500_000, "03")
    let_time_pass()
    reconcile_payments()
    told = PaymentCase.objects.get()
    decide(told)
    report_case(
        payment_id=captured.pk, by=User.objects.get(username="boss"), note="The buyer asks for it."
    )
    let_time_pass(A_DAY)

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    entry = ReconciliationEntry.objects.latest("pk")
    assert entry.case == told
    assert (told.kind, told.txn_ref) == ("given_back", f"{captured.txn_ref}/{first}")
