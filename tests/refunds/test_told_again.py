"""Whoever was asked about money in doubt is told what became of it since, and not only at first."""

from __future__ import annotations

import pytest
from django.core import mail
from django_fsm_log.models import StateLog

from orders.models import Order
from payments.models import PaymentCase, Reversal
from payments.providers import RefundState
from payments.services import advance_reversal, reconcile_payments
from refunds.errors import RefundNotFailed
from refunds.handlers import mail_refund
from refunds.models import Refund
from refunds.policy import Reason
from refunds.services import (
    approve_refund,
    mark_refund_paid,
    override_refund,
    request_refund,
    retry_refund,
)
from tests.payments.reconciled import let_time_pass
from tests.payments.reversed import advance, let_reversals_wait
from tests.refunds.moved import say
from tests.refunds.stand_in import given_back, wait_for_the_bank, work
from tests.sandbox_process import wait_until
from ticketing.invariants import violations
from ticketing.models import Event

NOBODY = "http://127.0.0.1:9/nobody"


@pytest.fixture
def refund(payment):
    """Approved, and not sent yet."""
    order = payment.order
    return request_refund(order_id=order.pk, requester=order.customer, reason=Reason.PERSONAL)


@pytest.fixture
def unsent(refund, settings, admin):
    """VNPay could not be reached for a day, and a person was told so; it can be now."""
    vnpays_address, settings.VNPAY_API_URL = settings.VNPAY_API_URL, NOBODY
    work()
    let_reversals_wait(days=1)
    advance(Reversal.objects.get())
    work()
    settings.VNPAY_API_URL = vnpays_address
    assert "could not be reached" in told(refund)
    assert len(mails_to(admin)) == 1
    return refund


def told(refund):
    """What the page of the refund says of it."""
    refund = Refund.objects.get(pk=refund.pk)
    assert refund.status == "payment_failed"
    return refund.provider_error["message"]


def mails_to(admin):
    return [each.body for each in mail.outbox if each.to == [admin.email]]


def test_money_that_was_yet_to_be_sent_and_is_refused_then(unsent, vnpay, payment, admin):
    vnpay.set_weather(refund_13=True)

    advance(Reversal.objects.get())
    work()

    assert Reversal.objects.get().status == "rejected"
    assert "could not be reached" not in told(unsent)
    assert Refund.objects.get().provider_error["status"] == "rejected"
    assert Refund.objects.get().provider_error["answer"]
    _, again = mails_to(admin)
    assert told(unsent) in again
    assert not any(violations().values())


def test_money_that_was_yet_to_be_sent_and_is_in_doubt_then(unsent, vnpay, payment, admin):
    vnpay.set_weather(refund_99=True)

    for _ in range(5):
        advance(Reversal.objects.get())
    work()

    reversal = Reversal.objects.get()
    assert (reversal.status, reversal.due_at) == ("unknown", None)
    assert "could not be reached" not in told(unsent)
    assert Refund.objects.get().provider_error["status"] == "unknown"
    assert len(mails_to(admin)) == 2
    assert not any(violations().values())


def test_what_is_told_again_is_told_once(unsent, vnpay, payment, admin):
    vnpay.set_weather(refund_13=True)
    advance(Reversal.objects.get())
    work()
    steps = StateLog.objects.filter(transition="note_payment_failure")
    assert steps.count() == 2

    assert advance_reversal(Reversal.objects.get().pk) is None
    work()

    assert steps.count() == 2
    assert len(mails_to(admin)) == 2


def test_a_long_acceptance_is_not_told_with_the_words_that_accepted_it(vnpay, refund, admin):
    vnpay.set_weather(refund_outcome="processing_then_done", query_99=True)
    work()
    accepted = Reversal.objects.get()
    assert accepted.status == "accepted"

    let_reversals_wait(days=15)
    advance(accepted)
    work()

    assert accepted.provider_message not in told(refund)
    assert "has not said that the money is back" in told(refund)
    [message] = mails_to(admin)
    assert told(refund) in message


def test_a_rejection_is_not_told_with_the_words_that_accepted_it(vnpay, refund, admin):
    vnpay.set_weather(refund_outcome="processing_then_rejected")
    assert wait_for_the_bank(refund) == "payment_failed"
    work()

    assert "Success" not in told(refund)
    assert "rejected" in told(refund)
    [message] = mails_to(admin)
    assert told(refund) in message


def test_money_in_doubt_that_is_accepted_and_takes_too_long(vnpay, refund, admin):
    vnpay.set_weather(refund_99=True, query_99=True)
    work()
    let_reversals_wait(days=1)
    advance(Reversal.objects.get())
    work()
    assert Refund.objects.get().provider_error["status"] == "unknown"

    say(Reversal.objects.get().pk, RefundState.UNDER_WAY)
    let_reversals_wait(days=15)
    advance(Reversal.objects.get())
    work()

    assert "has not said that the money is back" in told(refund)
    assert len(mails_to(admin)) == 2
    assert not any(violations().values())


def test_a_retry_that_can_not_even_be_tried_is_refused_and_closes_nothing(
    vnpay, refund, payment, admin
):
    vnpay.set_weather(refund_99=True)
    for _ in range(5):
        work()
        advance(Reversal.objects.get())
    work()
    payment.cases.create(
        kind="late",
        order=payment.order,
        provider="vnpay",
        txn_ref=payment.txn_ref,
        amount=payment.amount,
        description="It was not the payment of the order after all.",
        opened_at=payment.paid_at,
    )

    before = told(refund)

    with pytest.raises(RefundNotFailed, match="No payment of ours"):
        retry_refund(refund_id=refund.pk, by=admin, note="The portal shows nothing.")
    work()

    assert told(refund) == before
    assert Reversal.objects.get().status == "unknown"
    assert given_back(vnpay, payment) == []


@pytest.fixture
def too_slow(vnpay, refund):
    """Accepted, and not done after fifteen days."""
    vnpay.set_weather(refund_outcome="processing_then_done", query_99=True)
    work()
    let_reversals_wait(days=15)
    advance(Reversal.objects.get())
    work()
    vnpay.set_weather(query_99=None)
    assert "has not said that the money is back" in told(refund)
    return refund


def test_money_that_went_another_way_and_through_the_provider_as_well_is_a_case(
    vnpay, too_slow, payment, admin
):
    mark_refund_paid(refund_id=too_slow.pk, by=admin, evidence="Bank transfer FT26325001.")
    work()
    wait_until(lambda: is_done(vnpay, payment), seconds=10, what="VNPay to do it after all")
    let_time_pass()

    reconcile_payments()

    case = PaymentCase.objects.get()
    assert (case.kind, case.status) == ("given_back", "open")
    assert Refund.objects.get().status == "partial"
    assert not any(violations().values())


def test_money_that_the_provider_gave_back_after_all_is_no_case(vnpay, too_slow, payment, admin):
    mark_refund_paid(
        refund_id=too_slow.pk, by=admin, evidence="VNPay's portal shows it.", by_provider=True
    )
    work()
    wait_until(lambda: is_done(vnpay, payment), seconds=10, what="VNPay to do it")
    let_time_pass()

    reconcile_payments()

    assert Reversal.objects.get().status == "succeeded"
    assert Refund.objects.get().status == "partial"
    assert not PaymentCase.objects.exists()
    assert not any(violations().values())


def is_done(vnpay, payment):
    [refund] = vnpay.transaction(payment.txn_ref)["refunds"]
    return refund["status"] == "00"


def test_nothing_that_comes_after_a_failed_refund_makes_its_order_partly_refunded(
    vnpay, refund, admin
):
    vnpay.set_weather(refund_13=True)
    work()
    assert Refund.objects.get().status == "payment_failed"
    order = refund.order
    Event.objects.filter(pk=order.event_id).update(status="postponed")
    rest = request_refund(order_id=order.pk, requester=order.customer, reason=Reason.POSTPONED)
    override_refund(refund_id=rest.pk, percentage=80, by=admin, note="As agreed.")
    approve_refund(refund_id=rest.pk, by=admin)
    work()

    rest = Refund.objects.get(pk=rest.pk)
    assert (rest.status, rest.amount) == ("partial", 0)
    assert Order.objects.get().status == "paid"
    assert violations()["order_status_follows_what_went_back"] == 0
    to_customer = [each.body for each in mail.outbox if each.to == [order.email]]
    assert ["No money has to move" in body for body in to_customer].count(True) == 1


def test_money_that_was_told_and_taken_away_by_an_override_is_told_once_more(vnpay, refund, admin):
    vnpay.set_weather(refund_13=True)
    work()
    order = refund.order
    Event.objects.filter(pk=order.event_id).update(status="postponed")
    rest = request_refund(order_id=order.pk, requester=order.customer, reason=Reason.POSTPONED)
    approve_refund(refund_id=rest.pk, by=admin)
    mail_refund(refund_id=rest.pk, status="approved")
    override_refund(refund_id=rest.pk, percentage=80, by=admin, note="As agreed.")
    work()

    *before, last = [each for each in mail.outbox if each.to == [order.email]]
    assert any("VND goes back" in each.body for each in before)
    assert "No money has to move" in last.body
    assert "is approved" in last.subject
