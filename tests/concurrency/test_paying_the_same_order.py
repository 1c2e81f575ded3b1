"""Return, IPN, settling and cancelling at the same moment, on real connections."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, current_thread, main_thread

import pytest
from django.db import transaction
from django.db.backends.signals import connection_created
from django.test import Client

from jobs.prepared import Lookup
from orders.models import Order, SeatHold, Ticket
from orders.services import cancel_order
from payments.locks import ATTEMPT
from payments.models import Payment, PaymentCase
from payments.services import settle_order
from tests.concurrency.conftest import (
    NOBODY_WAITS_LONGER,
    closing,
    run_together,
    wait_until_somebody_waits,
)
from tests.factories import PaymentFactory, overdue_order, placed_order
from tests.payments.vnpay_calls import IPN, RETURN, failure, success
from tests.rules import broken_rules


def ipn(query, answers):
    return lambda: answers.append(Client().get(f"{IPN}?{query}").json()["RspCode"])


def come_back(query):
    return lambda: Client().get(f"{RETURN}?{query}")


def test_thirty_calls_at_once_record_the_payment_once():
    payment = PaymentFactory()
    answers: list[str] = []

    outcomes = run_together([ipn(success(payment), answers) for _ in range(30)])

    assert outcomes == {"done": 30}
    assert Counter(answers) == {"00": 1, "02": 29}
    assert Ticket.objects.count() == 2
    assert broken_rules() == {}


def test_browser_and_server_at_once_issue_the_tickets_once():
    payments = PaymentFactory.create_batch(10)
    answers: list[str] = []

    outcomes = run_together(
        action
        for payment in payments
        for action in (come_back(success(payment)), ipn(success(payment), answers))
    )

    assert outcomes == {"done": 20}
    assert set(answers) <= {"00", "02"}
    assert set(Order.objects.values_list("status", flat=True)) == {"paid"}
    assert Ticket.objects.count() == 20
    assert broken_rules() == {}


def test_two_attempts_paid_at_once_pay_the_order_once_and_owe_the_other():
    order = placed_order()
    payments = PaymentFactory.create_batch(5, order=order)
    answers: list[str] = []

    run_together([ipn(success(payment), answers) for payment in payments])

    assert answers == ["00"] * 5
    assert Ticket.objects.count() == 2
    assert PaymentCase.objects.filter(kind="duplicate", amount_owed__gt=0).count() == 4
    assert broken_rules() == {}


def assert_each_is_used_or_owed(answers):
    assert answers == ["00"] * 10
    paid = Order.objects.filter(status="paid").count()
    late = PaymentCase.objects.filter(kind="late", amount_owed__gt=0).count()
    assert paid + late == 10
    assert broken_rules() == {}


def calls_about_an_unknown_reference(count, answers):
    """Nobody has the lock of a payment that nobody knows."""
    query = success(PaymentFactory(), TxnRef="NOBODYMADETHIS")
    return [ipn(query, answers) for _ in range(count)]


def test_twenty_calls_about_an_unknown_reference_open_one_case():
    answers: list[str] = []

    outcomes = run_together(calls_about_an_unknown_reference(20, answers))

    assert outcomes == {"done": 20}
    assert set(answers) == {"01"}
    assert PaymentCase.objects.get().kind == "unknown_reference"
    assert broken_rules() == {}


@pytest.fixture
def _both_found_none():
    """Two meet before they write their cases, so that both have looked for one before."""
    both_have_looked = Barrier(2)

    def meet(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "payments_paymentcase"'):
            both_have_looked.wait(timeout=NOBODY_WAITS_LONGER)
        return execute(sql, params, many, context)

    def meet_there(connection, **_):
        # Connections of the two alone: the test's own outlives it, and would wait in others.
        if current_thread() is not main_thread():
            connection.execute_wrappers.append(meet)

    connection_created.connect(meet_there)
    yield
    connection_created.disconnect(meet_there)


@pytest.mark.usefixtures("_both_found_none")
def test_two_who_both_found_no_case_open_one():
    answers: list[str] = []

    run_together(calls_about_an_unknown_reference(2, answers))

    assert answers == ["01", "01"]
    assert PaymentCase.objects.count() == 1


@pytest.mark.usefixtures("_both_found_none")
def test_control_without_the_rule_they_open_two(without_rule):
    without_rule("payment_case_once_per_fact")
    answers: list[str] = []

    run_together(calls_about_an_unknown_reference(2, answers))

    assert PaymentCase.objects.count() == 2


def test_a_payment_that_arrives_while_the_customer_cancels_is_either_used_or_owed():
    payments = PaymentFactory.create_batch(10)
    answers: list[str] = []

    run_together(
        action
        for payment in payments
        for action in (
            ipn(success(payment), answers),
            lambda order=payment.order: cancel_order(order_id=order.pk, by=order.customer),
        )
    )

    assert_each_is_used_or_owed(answers)


def test_a_payment_that_arrives_while_settling_is_either_used_or_owed(settings):
    settings.VNPAY_API_URL = "http://127.0.0.1:9/nobody/listens"
    settings.VNPAY_NOT_FOUND_MARGIN_SECONDS = 0
    settings.SETTLE_GRACE_SECONDS = 0  # the provider is silent and the grace is over: now or never
    payments = [PaymentFactory(order=overdue_order()) for _ in range(10)]
    answers: list[str] = []

    run_together(
        action
        for payment in payments
        for action in (
            ipn(success(payment), answers),
            lambda order_id=payment.order_id: settle_order(order_id=order_id),
            lambda order_id=payment.order_id: settle_order(order_id=order_id),
        )
    )
    for payment in payments:
        settle_order(order_id=payment.order_id)

    assert_each_is_used_or_owed(answers)


def test_failure_and_success_at_once_never_lose_the_success():
    payments = PaymentFactory.create_batch(10)
    answers: list[str] = []

    run_together(
        action
        for payment in payments
        for action in (ipn(failure(payment), answers), ipn(success(payment), answers))
    )

    assert set(Order.objects.values_list("status", flat=True)) == {"paid"}
    assert broken_rules() == {}


def test_a_call_waits_for_the_order_before_it_locks_the_payment():
    payment = PaymentFactory()
    answers: list[str] = []

    with ThreadPoolExecutor(1) as caller:
        with transaction.atomic():
            Order.objects.get_for_update(payment.order_id)
            calling = caller.submit(closing(ipn(success(payment), answers)))
            wait_until_somebody_waits()
            # Whoever has the order, as settling does, may go on to its payments.
            assert Payment.objects.select_for_update(nowait=True).get() == payment
        calling.result()

    assert answers == ["00"]


@pytest.fixture
def without_locks(monkeypatch):
    """Two readers see the same row before either of them writes: what the lock rules out."""
    both_have_read = Barrier(2)

    class Unlocked(Lookup):
        def find(self, **values):
            found = super().find(**values)
            both_have_read.wait(timeout=10)
            return found

    statement = ATTEMPT.statement.partition("FOR UPDATE")[0]
    unlocked = Unlocked(statement, sale=Order, attempt=Payment, hold=SeatHold)
    monkeypatch.setattr("payments.locks.ATTEMPT", unlocked)


@pytest.mark.usefixtures("without_locks")
def test_control_without_locks_two_calls_run_into_each_other():
    payment = PaymentFactory()
    answers: list[str] = []

    run_together([ipn(success(payment), answers) for _ in range(2)])

    # The guards and the database refuse what the lock would have kept apart: VNPay calls again.
    assert sorted(answers) == ["00", "99"]
    assert Ticket.objects.count() == 2
    assert broken_rules() == {}
