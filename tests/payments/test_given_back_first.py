"""Money that others gave back at the provider before the order was settled buys no ticket."""

from __future__ import annotations

import pytest
from django.utils import timezone

from jobs.services import run_due_jobs
from orders.models import Ticket
from payments.models import PaymentCase, ProviderMessage
from payments.services import reconcile_payments, resolve_case, settle_order
from tests.payments.reconciled import cases, counts, give_back, let_time_pass, state
from tests.sandbox_process import wait_until
from ticketing.invariants import violations

BEYOND_THE_GRACE = 80
REST = BEYOND_THE_GRACE - 16


def settle(payment):
    return settle_order(order_id=payment.order_id)


def was_rejected(vnpay, payment):
    return vnpay.transaction(payment.txn_ref)["refunds"][0]["status"] == "09"


@pytest.fixture
def paid_there(start, vnpay):
    """Paid at VNPay, which has not told us; what others give back there is back at once."""
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    vnpay.set_weather(refund_outcome="done")
    return payment


@pytest.mark.parametrize(("share", "kind"), [(1, "02"), (0.4, "03")])
def test_an_order_whose_money_went_back_is_not_paid_by_it(paid_there, vnpay, share, kind):
    number = give_back(vnpay, paid_there, float(paid_there.amount) * share, kind)
    let_time_pass()

    assert settle(paid_there) > timezone.now()

    assert state(paid_there) == ("pending", "pending_payment", {"held"})
    assert not Ticket.objects.exists()
    case = PaymentCase.objects.get()
    assert (case.kind, case.txn_ref) == ("given_back", f"{paid_there.txn_ref}/{number}")
    assert f"{paid_there} is pending here" in case.description
    assert not any(violations().values())


def test_its_seats_are_free_when_the_grace_is_over(paid_there, vnpay):
    give_back(vnpay, paid_there, paid_there.amount, "02")
    let_time_pass(BEYOND_THE_GRACE)

    assert settle(paid_there) is None

    assert state(paid_there) == ("pending", "expired", {"available"})
    assert cases() == [("given_back", "open"), ("orphaned", "open")]
    assert not any(violations().values())


def test_a_refund_that_vnpay_rejects_after_all_leaves_the_money_to_the_order(paid_there, vnpay):
    vnpay.set_weather(refund_outcome="processing_then_rejected")
    give_back(vnpay, paid_there, paid_there.amount, "02")
    let_time_pass()
    settle(paid_there)
    assert not Ticket.objects.exists()

    wait_until(lambda: settle(paid_there) is None, seconds=10, what="VNPay to reject it")

    assert state(paid_there) == ("captured", "paid", {"sold"})


def test_suspected_money_that_was_given_back_is_not_cleared_by_that(start, vnpay, call_ipn):
    payment = start()
    vnpay.decide(payment.txn_ref, "fraud")
    assert call_ipn(vnpay.transaction(payment.txn_ref)["callback"]) == "00"
    vnpay.decide(payment.txn_ref, "success")
    vnpay.set_weather(refund_outcome="done")
    give_back(vnpay, payment, payment.amount, "02")
    let_time_pass()

    settle(payment)

    assert state(payment) == ("review", "pending_payment", {"held"})
    assert not Ticket.objects.exists()
    assert cases() == [("given_back", "open"), ("suspected_fraud", "open")]


def test_another_amount_that_was_given_back_stays_another_amount(start, vnpay, call_ipn):
    payment = start(amount_there=999_000)
    vnpay.decide(payment.txn_ref, "success")
    assert call_ipn(vnpay.transaction(payment.txn_ref)["callback"]) == "04"
    vnpay.set_weather(refund_outcome="done")
    give_back(vnpay, payment, 999_000, "02")
    let_time_pass()

    settle(payment)

    assert state(payment) == ("pending", "pending_payment", {"held"})
    let_time_pass(REST)
    settle(payment)
    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}
    assert state(payment) == ("pending", "expired", {"available"})
    assert not Ticket.objects.exists()
    assert cases() == [("amount_mismatch", "open"), ("orphaned", "open")]
    assert not any(violations().values())


def test_a_call_from_before_the_refund_that_comes_after_it_buys_no_ticket(
    paid_there, vnpay, call_ipn
):
    give_back(vnpay, paid_there, paid_there.amount, "02")
    let_time_pass()
    settle(paid_there)

    for _ in range(2):
        assert call_ipn(vnpay.transaction(paid_there.txn_ref)["callback"]) == "02"
    settle(paid_there)

    assert state(paid_there) == ("pending", "pending_payment", {"held"})
    assert not Ticket.objects.exists()
    assert cases() == [("given_back", "open")]
    assert not any(violations().values())


def test_a_call_buys_no_ticket_whatever_a_person_has_decided_before_vnpay_was_asked_again(
    paid_there, vnpay, call_ipn, admin_user
):
    give_back(vnpay, paid_there, paid_there.amount, "02")
    let_time_pass()
    settle(paid_there)
    case = PaymentCase.objects.get()
    resolve_case(case_id=case.pk, by=admin_user, decision="Yes, we gave it back in the portal.")

    assert call_ipn(vnpay.transaction(paid_there.txn_ref)["callback"]) == "02"
    run_due_jobs()

    assert ProviderMessage.objects.filter(channel="query").count() == 2
    assert state(paid_there) == ("pending", "pending_payment", {"held"})
    assert not Ticket.objects.exists()


def test_once_vnpay_is_asked_and_tells_of_no_refund_any_more_the_money_pays(
    paid_there, vnpay, call_ipn, admin_user
):
    vnpay.set_weather(refund_outcome="processing_then_rejected")
    give_back(vnpay, paid_there, paid_there.amount, "02")
    let_time_pass()
    settle(paid_there)
    case = PaymentCase.objects.get()
    resolve_case(case_id=case.pk, by=admin_user, decision="VNPay says it was a mistake of theirs.")
    wait_until(lambda: was_rejected(vnpay, paid_there), seconds=10, what="VNPay to reject it")

    assert call_ipn(vnpay.transaction(paid_there.txn_ref)["callback"]) == "02"
    run_due_jobs()  # which hears of it; settling comes due by that
    run_due_jobs()

    assert state(paid_there) == ("captured", "paid", {"sold"})
