"""Reconciling beside callbacks, settling and other runs, on real connections and the stand-in."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from orders.models import Order, OrderQuerySet, Ticket
from payments.locks import lock_attempt
from payments.models import (
    Channel,
    Payment,
    PaymentCase,
    PaymentQuerySet,
    Reconciliation,
    ReconciliationEntry,
)
from payments.operations.results import Moment, apply_result
from payments.providers import PROVIDERS, Answer, Customer, Outcome, Result
from payments.services import (
    ask,
    reconcile_payments,
    record_result,
    settle_order,
    start_payment,
)
from tests.concurrency.conftest import outcome_of, run_together, wait_until_somebody_waits
from tests.factories import PaymentFactory, overdue_order, placed_order
from tests.our_vnpay import use
from tests.payments.reconciled import let_time_pass, questions
from tests.payments.vnpay_calls import IPN
from tests.rules import broken_rules

PAYMENTS = 10


@pytest.fixture
def vnpay(stand_in, settings):
    """The stand-in as our VNPay, which wants to be asked once in five minutes."""
    vnpay = use(stand_in, settings)
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    return vnpay


@pytest.fixture
def paid(vnpay):
    """Paid at VNPay, unknown to us, and their orders' time is up."""
    payments = []
    for _ in range(PAYMENTS):
        order = placed_order()
        payment = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
        vnpay.pay(payment.payment_url, "success")
        payments.append(payment)
    let_time_pass()
    return payments


def ipn(vnpay, payment):
    query = vnpay.transaction(payment.txn_ref)["callback"]
    return lambda: Client().get(f"{IPN}?{query}")


def settle(payment):
    return lambda: settle_order(order_id=payment.order_id)


def test_money_is_used_or_owed_once_whoever_finds_it_first(vnpay, paid, settings):
    settings.SETTLE_GRACE_SECONDS = 0  # orders may be given up at any moment
    calls = [ipn(vnpay, payment) for payment in paid]

    outcomes = run_together(
        [
            *calls,
            *(settle(payment) for payment in paid),
            *(reconcile_payments for _ in range(5)),
        ],
        at_once=25,
    )
    run_together(settle(payment) for payment in paid)

    assert set(outcomes) == {"done"}
    settled = Counter(Order.objects.values_list("status", flat=True))
    assert settled["paid"] + settled["expired"] == PAYMENTS
    assert set(Payment.objects.values_list("status", flat=True)) == {"captured"}
    owed = PaymentCase.objects.owing()
    assert set(owed.values_list("kind", flat=True)) <= {"late"}
    assert owed.count() == settled["expired"]
    assert Ticket.objects.count() == 2 * settled["paid"]
    assert {questions(vnpay, payment) for payment in paid} <= {0, 1}
    assert not Reconciliation.objects.exclude(failed=0).exists()
    assert broken_rules() == {}


def test_runs_at_once_share_the_work_and_ask_nobody_twice(vnpay, paid, settings):
    settings.SETTLE_GRACE_SECONDS = 0

    outcomes = run_together([reconcile_payments for _ in range(8)])

    assert outcomes == {"done": 8}
    assert {questions(vnpay, payment) for payment in paid} == {1}
    assert sum(Reconciliation.objects.values_list("asked", flat=True)) == PAYMENTS
    assert ReconciliationEntry.objects.filter(done="repaired").count() == PAYMENTS
    assert set(Payment.objects.values_list("status", flat=True)) == {"captured"}
    assert broken_rules() == {}


def claim_without_comparing(payment, provider, now):
    return True


def test_control_without_the_claim_payments_are_asked_about_again_and_again(
    vnpay, paid, settings, monkeypatch
):
    settings.SETTLE_GRACE_SECONDS = 0
    monkeypatch.setattr(ask, "_claim", claim_without_comparing)

    run_together([reconcile_payments for _ in range(8)])

    assert max(questions(vnpay, payment) for payment in paid) > 1
    assert set(Payment.objects.values_list("status", flat=True)) == {"captured"}
    assert broken_rules() == {}  # the locks and the one table bear it


class Overtaken:
    """A provider whose own call brings the money while it still answers "not found"."""

    name = "overtaken"
    query_interval = not_found_margin = timedelta(0)

    def query(self, payment, now):
        paid = Result(payment.txn_ref, Outcome.PAID, payment.amount, transaction_no="1")
        record_result(provider=self.name, result=paid, channel=Channel.IPN, now=timezone.now())
        return Answer(Result(payment.txn_ref, Outcome.NOT_FOUND))

    def redact(self, message):
        return dict(message)


def test_an_answer_that_was_overtaken_by_the_money_contradicts_nothing(monkeypatch, settings):
    settings.SETTLE_GRACE_SECONDS = settings.VNPAY_NOT_FOUND_MARGIN_SECONDS = 0
    monkeypatch.setitem(PROVIDERS, "overtaken", Overtaken())
    payment = PaymentFactory(order=overdue_order(), provider="overtaken")

    report = reconcile_payments()

    assert (report.asked, report.unanswered) == (1, 1)
    assert Payment.objects.get().status == "captured"
    assert not PaymentCase.objects.exists()
    assert settle_order(order_id=payment.order_id) is None
    assert Order.objects.get().status == "paid"
    assert broken_rules() == {}


class Slow:
    """A provider that has a failure to tell, and takes its time over that."""

    name = "slow"
    query_interval = not_found_margin = timedelta(0)

    def __init__(self):
        self.is_asked, self.may_answer = Event(), Event()

    def query(self, payment, now):
        self.is_asked.set()
        assert self.may_answer.wait(timeout=20)
        return Answer(Result(payment.txn_ref, Outcome.FAILED, payment.amount, code="99/02"))

    def redact(self, message):
        return dict(message)


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setitem(PROVIDERS, "slow", Slow())
    return PROVIDERS["slow"]


def settled_while_the_money_comes(slow):
    """The word of a failure is there before the call about the money is committed."""
    payment = PaymentFactory(order=overdue_order(), provider="slow")
    in_time = payment.expires_at - timedelta(seconds=1)
    paid = Result(payment.txn_ref, Outcome.PAID, payment.amount, transaction_no="1", code="00/00")
    with ThreadPoolExecutor(1) as others:
        settled = others.submit(outcome_of, settle(payment))
        assert slow.is_asked.wait(timeout=20)
        with transaction.atomic():
            apply_result(lock_attempt("slow", payment.txn_ref), paid, Moment(in_time, Channel.IPN))
            slow.may_answer.set()
            wait_until_somebody_waits()
    return settled.result()


def test_word_of_a_failure_waits_for_the_money_that_is_being_recorded(slow):
    assert settled_while_the_money_comes(slow) == "done"

    assert Payment.objects.get().status == "captured"
    assert Order.objects.get().status == "paid"
    assert Ticket.objects.count() == 2
    assert not PaymentCase.objects.exists()
    assert broken_rules() == {}


def test_control_without_locks_a_rule_of_the_database_has_to_stop_it(slow, monkeypatch):
    monkeypatch.setattr(OrderQuerySet, "get_for_update", lambda rows, pk: rows.get(pk=pk))
    monkeypatch.setattr(PaymentQuerySet, "get_for_update", lambda rows, pk: rows.get(pk=pk))

    assert settled_while_the_money_comes(slow) == "IntegrityError"
    assert Payment.objects.get().status == "captured"
