"""What reconciling makes of each difference between us and VNPay, asked over HTTP."""

from __future__ import annotations

import pytest

from orders.models import Ticket
from orders.services import cancel_order
from payments.models import PaymentCase, ReconciliationEntry
from payments.services import reconcile_payments, settle_order
from tests.factories import PaymentFactory, placed_order
from tests.payments.reconciled import (
    WEEK,
    cases,
    counts,
    everything,
    give_back,
    let_time_pass,
    state,
)
from tests.payments.vnpay_calls import RETURN, failure, suspicion
from ticketing.invariants import violations

A_DAY = 24 * 60


def cancel(payment):
    cancel_order(order_id=payment.order_id, by=payment.order.customer)


def test_what_agrees_is_counted_and_nothing_more(captured):
    before = everything()

    report = reconcile_payments()

    assert counts(report) == {"asked": 1, "agreed": 1}
    assert report.ended == "complete"
    assert report.started_at < report.finished_at
    assert not ReconciliationEntry.objects.exists()
    assert everything() == before
    assert not any(violations().values())


def test_money_of_an_expired_order_is_found_and_owed(expired, vnpay):
    vnpay.decide(expired.txn_ref, "success")

    report = reconcile_payments()

    assert counts(report) == {"asked": 1, "cases": 1}
    assert state(expired) == ("captured", "expired", {"available"})
    assert cases() == [("late", "open"), ("orphaned", "resolved")]
    late = PaymentCase.objects.get(kind="late")
    assert late.amount_owed == expired.amount
    orphaned = PaymentCase.objects.get(kind="orphaned")
    assert orphaned.decision == "The provider says that it was paid."
    entry = ReconciliationEntry.objects.get()
    assert (entry.run, entry.payment, entry.case) == (report, expired, late)
    assert (entry.had, entry.has, entry.done) == ("pending", "captured", "case")
    number = vnpay.transaction(expired.txn_ref)["transaction_no"]
    assert entry.said == f"paid, 1000000 VND, transaction {number}, code 00/01/00"
    assert not any(violations().values())


def test_money_of_a_cancelled_order_is_found_and_owed(start, vnpay):
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    cancel(payment)
    let_time_pass()

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(payment) == ("captured", "cancelled", {"available"})
    assert PaymentCase.objects.get(kind="late").amount_owed == payment.amount
    assert not any(violations().values())


def test_a_second_paid_attempt_is_found_and_owed(start, vnpay, call_ipn):
    order = placed_order()
    first, second = start(order), start(order)
    vnpay.decide(first.txn_ref, "success")
    call_ipn(vnpay.transaction(first.txn_ref)["callback"])
    vnpay.decide(second.txn_ref, "success")
    let_time_pass()

    assert counts(reconcile_payments()) == {"asked": 2, "agreed": 1, "cases": 1}

    case = PaymentCase.objects.get()
    assert (case.kind, case.payment, case.amount_owed) == ("duplicate", second, second.amount)
    assert Ticket.objects.count() == 2
    assert not any(violations().values())


def test_a_failure_that_nobody_told_is_repaired(expired, vnpay):
    vnpay.decide(expired.txn_ref, "insufficient")

    assert counts(reconcile_payments()) == {"asked": 1, "repaired": 1}

    assert state(expired) == ("failed", "expired", {"available"})
    assert cases() == [("orphaned", "resolved")]
    entry = ReconciliationEntry.objects.get()
    assert (entry.had, entry.has, entry.done, entry.case) == ("pending", "failed", "repaired", None)
    assert not any(violations().values())


def test_a_link_that_nobody_used_is_repaired(expired):
    assert counts(reconcile_payments()) == {"asked": 1, "repaired": 1}

    assert state(expired) == ("failed", "expired", {"available"})
    assert cases() == [("orphaned", "resolved")]
    assert not any(violations().values())


def test_money_after_a_failure_is_found_and_owed(expired, vnpay):
    vnpay.set_weather(expired.txn_ref, query_91=True)
    reconcile_payments()
    assert state(expired)[0] == "failed"
    vnpay.clear_weather(expired.txn_ref)
    vnpay.decide(expired.txn_ref, "success")
    let_time_pass(A_DAY)

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(expired) == ("captured", "expired", {"available"})
    assert PaymentCase.objects.get(kind="late").amount_owed == expired.amount
    assert not any(violations().values())


@pytest.fixture
def suspected(start, vnpay):
    """In review, and its order expired because VNPay thought for too long."""
    payment = start()
    vnpay.decide(payment.txn_ref, "fraud")
    let_time_pass(80)
    settle_order(order_id=payment.order_id)
    assert state(payment)[:2] == ("review", "expired")
    return payment


def test_an_attempt_that_failed_and_is_suspected_is_asked_about_as_soon_as_any_other(
    expired, client
):
    assert counts(reconcile_payments()) == {"asked": 1, "repaired": 1}
    assert state(expired)[0] == "failed"
    client.get(f"{RETURN}?{suspicion(expired)}")
    assert state(expired)[0] == "review"
    let_time_pass()

    assert reconcile_payments().asked == 1


def test_a_review_that_goes_on_agrees(suspected):
    before = everything()

    assert counts(reconcile_payments()) == {"asked": 1, "agreed": 1}

    assert everything() == before


def test_a_review_that_ended_well_is_late_money(suspected, vnpay):
    vnpay.decide(suspected.txn_ref, "success")

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(suspected)[:2] == ("captured", "expired")
    assert cases() == [("late", "open"), ("orphaned", "resolved"), ("suspected_fraud", "resolved")]
    assert not any(violations().values())


def test_a_review_that_ended_badly_is_repaired(suspected, vnpay):
    vnpay.decide(suspected.txn_ref, "cancel")

    assert counts(reconcile_payments()) == {"asked": 1, "repaired": 1}

    assert state(suspected)[:2] == ("failed", "expired")
    assert cases() == [("orphaned", "resolved"), ("suspected_fraud", "resolved")]
    assert not any(violations().values())


def test_money_that_was_taken_is_not_given_up_because_vnpay_finds_nothing(suspected, vnpay):
    """The date in the question may be wrong (vnpay.md 7); whoever suspects fraud has the money."""
    vnpay.set_weather(suspected.txn_ref, query_91=True)

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(suspected)[:2] == ("review", "expired")
    assert cases() == [("contradicted", "open"), ("orphaned", "open"), ("suspected_fraud", "open")]
    case = PaymentCase.objects.get(kind="contradicted")
    assert "is review here, and the provider says: not_found, code 91." in case.description
    assert not any(violations().values())


@pytest.mark.parametrize(
    ("outcome", "end", "owed"),
    [("success", "captured", [("late", "open")]), ("cancel", "failed", [])],
)
def test_what_vnpay_did_not_find_for_a_while_ends_as_it_says_at_last(
    suspected, vnpay, outcome, end, owed
):
    vnpay.set_weather(suspected.txn_ref, query_91=True)
    reconcile_payments()
    vnpay.clear_weather(suspected.txn_ref)
    vnpay.decide(suspected.txn_ref, outcome)
    let_time_pass(A_DAY)

    reconcile_payments()

    assert state(suspected)[0] == end
    closed = [(kind, "resolved") for kind in ("contradicted", "orphaned", "suspected_fraud")]
    assert cases() == sorted([*owed, *closed])
    assert not any(violations().values())


def test_what_vnpay_did_not_find_for_a_while_and_still_reviews_is_no_contradiction(
    suspected, vnpay
):
    vnpay.set_weather(suspected.txn_ref, query_91=True)
    reconcile_payments()
    vnpay.clear_weather(suspected.txn_ref)
    let_time_pass(A_DAY)

    reconcile_payments()

    assert state(suspected)[0] == "review"
    assert cases() == [
        ("contradicted", "resolved"), ("orphaned", "open"), ("suspected_fraud", "open"),
    ]  # fmt: skip


def test_an_old_call_does_not_end_what_a_newer_question_found(suspected, vnpay, client):
    vnpay.set_weather(suspected.txn_ref, query_91=True)
    reconcile_payments()
    before = everything()

    client.get(f"{RETURN}?{suspicion(suspected)}")

    assert everything() == before
    assert ("contradicted", "open") in cases()


def test_a_second_review_is_found_after_a_first_one_that_ended_badly(suspected, vnpay, call_ipn):
    call_ipn(failure(suspected))
    assert state(suspected)[0] == "failed"
    assert call_ipn(suspicion(suspected)) == "02"  # what VNPay said before may come at any time

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(suspected)[0] == "review"
    assert ("suspected_fraud", "open") in cases()
    assert not any(violations().values())


def test_a_suspicion_that_nobody_told_is_a_case(expired, vnpay):
    vnpay.decide(expired.txn_ref, "fraud")

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(expired) == ("review", "expired", {"available"})
    assert cases() == [("orphaned", "resolved"), ("suspected_fraud", "open")]
    assert not any(violations().values())


def test_what_is_not_final_there_stays_open_here(expired, vnpay):
    vnpay.decide(expired.txn_ref, "left")
    before = everything()

    assert counts(reconcile_payments()) == {"asked": 1, "unanswered": 1}

    assert everything() == before
    assert ReconciliationEntry.objects.get().said == "pending, 1000000 VND, code 00/01/01"


def test_another_amount_is_a_case_and_pays_nothing(start, vnpay):
    payment = start(amount_there=999_000)
    vnpay.decide(payment.txn_ref, "success")
    cancel(payment)
    let_time_pass()

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(payment) == ("pending", "cancelled", {"available"})
    case = PaymentCase.objects.get()
    assert (case.kind, case.amount, case.amount_owed) == ("amount_mismatch", 999_000, 999_000)
    assert not any(violations().values())


def test_money_that_was_given_back_before_we_knew_of_it_is_two_cases(expired, vnpay):
    vnpay.decide(expired.txn_ref, "success")
    vnpay.set_weather(refund_outcome="done")
    give_back(vnpay, expired, expired.amount, "02")

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(expired) == ("captured", "expired", {"available"})
    assert cases() == [("given_back", "open"), ("late", "open"), ("orphaned", "resolved")]
    assert not any(violations().values())


def test_silence_for_days_is_a_case_until_the_answer_comes(start, vnpay):
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    cancel(payment)
    vnpay.set_weather(api_down=True)
    let_time_pass(WEEK)

    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}

    assert state(payment) == ("pending", "cancelled", {"available"})
    assert cases() == [("orphaned", "open")]
    vnpay.clear_weather()
    let_time_pass(A_DAY)
    reconcile_payments()
    assert cases() == [("late", "open"), ("orphaned", "resolved")]
    assert not any(violations().values())


def test_a_stuck_order_gets_its_money_and_its_settle_job(start, vnpay, settings):
    settings.SETTLE_GRACE_SECONDS = 600
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    let_time_pass(30)

    assert counts(reconcile_payments()) == {"asked": 1, "repaired": 1}

    assert state(payment) == ("captured", "pending_payment", {"held"})
    assert settle_order(order_id=payment.order_id) is None
    assert state(payment) == ("captured", "paid", {"sold"})
    assert not any(violations().values())


def test_an_attempt_whose_link_was_never_opened_is_not_believed_lost_too_early(vnpay, settings):
    settings.VNPAY_NOT_FOUND_MARGIN_SECONDS = 60
    payment = PaymentFactory()
    cancel(payment)
    let_time_pass(15)

    assert counts(reconcile_payments()) == {}

    assert state(payment) == ("pending", "cancelled", {"available"})
    let_time_pass(2)
    assert counts(reconcile_payments()) == {"asked": 1, "repaired": 1}
    assert state(payment)[0] == "failed"
