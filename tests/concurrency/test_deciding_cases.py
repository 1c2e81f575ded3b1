"""People decide about late and second payments while their money goes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier

import pytest
from django.db import OperationalError, transaction

from orders.models import Order, OrderQuerySet
from payments.models import Payment, PaymentCase, PaymentCaseQuerySet, PaymentQuerySet, Reversal
from payments.services import cases, report_case, resolve_case
from refunds.operations import payouts
from refunds.services import pay_back, refund_case
from tests.concurrency.conftest import (
    NOBODY_WAITS_LONGER,
    closing,
    run_together,
    wait_until_somebody_waits,
)
from tests.concurrency.refunding import order_of, times
from tests.factories import reread, showing_with_sale_end
from tests.refunds.moved import new_admin, paid_twice
from tests.rules import broken_rules

PAID = "Paid back in the portal, number 4711."


def resolves(case, admin):
    return partial(resolve_case, case_id=case.pk, by=admin, decision=PAID)


def what_became_of(case, refund):
    """Whether it goes back by itself, and whether somebody says that he paid it back."""
    return (refund.reversal_id is not None, reread(case).decision == PAID)


def test_money_goes_back_by_itself_or_by_hand_and_never_both_ways():
    showing, admin = showing_with_sale_end(days=10), new_admin()
    opened = [paid_twice(order_of(1, showing)) for _ in range(12)]
    refunds = [refund_case(case_id=case.pk) for case in opened]

    outcomes = run_together(
        action
        for case, refund in zip(opened, refunds, strict=True)
        for action in (partial(pay_back, refund_id=refund.pk), resolves(case, admin))
    )

    assert set(outcomes) <= {"done", "case-being-paid-back"}
    for case, refund in zip(opened, map(reread, refunds), strict=True):
        by_itself, by_hand = what_became_of(case, refund)
        assert by_itself is not by_hand
        assert refund.status == ("processing" if by_itself else "payment_failed")
    assert broken_rules() == {}


def test_control_without_locks_it_goes_back_both_ways(monkeypatch):
    case, admin = paid_twice(order_of(1)), new_admin()
    refund = refund_case(case_id=case.pk)
    both_have_read = Barrier(2)

    def meet(read):
        def read_together(*args):
            found = read(*args)
            both_have_read.wait(timeout=NOBODY_WAITS_LONGER)
            return found

        return read_together

    monkeypatch.setattr(PaymentQuerySet, "get_for_update", lambda rows, pk: rows.get(pk=pk))
    monkeypatch.setattr(PaymentQuerySet, "lock", lambda rows: list(rows))
    monkeypatch.setattr(PaymentCaseQuerySet, "select_for_update", lambda rows, **lock: rows)
    monkeypatch.setattr(cases, "_check_stays", meet(cases._check_stays))
    monkeypatch.setattr(payouts, "_resolved_case", meet(payouts._resolved_case))

    outcomes = run_together([partial(pay_back, refund_id=refund.pk), resolves(case, admin)])

    assert outcomes == {"done": 2}
    assert what_became_of(case, reread(refund)) == (True, True)


def test_a_case_that_is_resolved_while_its_refund_is_made_is_paid_back_by_nobody():
    showing, admin = showing_with_sale_end(days=10), new_admin()
    opened = [paid_twice(order_of(1, showing)) for _ in range(12)]

    outcomes = run_together(
        action
        for case in opened
        for action in (partial(refund_case, case_id=case.pk), resolves(case, admin))
    )

    assert outcomes == {"done": 24}
    assert set(PaymentCase.objects.values_list("decision", flat=True)) == {PAID}
    for case in opened:
        for refund in case.refunds.all():
            pay_back(refund_id=refund.pk)
    assert not Reversal.objects.exists()
    assert broken_rules() == {}


def test_twenty_who_report_the_same_payment_open_one_case():
    payment, admin = order_of(1).payments.get(), new_admin()

    outcomes = run_together(
        times(
            20, partial(report_case, payment_id=payment.pk, by=admin, note="He was charged twice.")
        )
    )

    assert outcomes == {"done": 1, "case-open-already": 19}
    assert PaymentCase.objects.get().kind == "reported"
    assert broken_rules() == {}


def test_control_without_the_lock_the_rule_stops_the_second_report(take_away):
    payment, admin = order_of(1).payments.get(), new_admin()
    take_away(OrderQuerySet, PaymentQuerySet)

    outcomes = run_together(
        times(
            2, partial(report_case, payment_id=payment.pk, by=admin, note="He was charged twice.")
        )
    )

    assert outcomes == {"done": 1, "IntegrityError": 1}
    assert PaymentCase.objects.count() == 1


@contextmanager
def reported_beside(payment) -> Iterator[Future[PaymentCase]]:
    """Somebody reports a payment while we have its order, as who hears of the money does."""
    report = partial(
        report_case, payment_id=payment.pk, by=new_admin(), note="He was charged twice."
    )
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        Order.objects.select_for_update().get(pk=payment.order_id)
        reported = others.submit(closing(report))
        wait_until_somebody_waits()
        yield reported


def test_who_reports_a_payment_waits_for_its_order_before_the_payment_is_locked():
    payment = order_of(1).payments.get()

    with reported_beside(payment) as reported:
        # Whoever has the order, as VNPay's call does, may go on to its payments.
        assert Payment.objects.select_for_update(nowait=True).get() == payment

    assert reported.result().order_id == payment.order_id
    assert broken_rules() == {}


def test_control_without_the_lock_both_wait_for_each_other(monkeypatch):
    """The key to the order is checked when the case is committed."""
    payment = order_of(1).payments.get()
    monkeypatch.setattr(OrderQuerySet, "get_for_update", lambda rows, pk: rows.get(pk=pk))

    with (
        pytest.raises(OperationalError, match="could not obtain lock"),
        reported_beside(payment),
    ):
        Payment.objects.select_for_update(nowait=True).get()
