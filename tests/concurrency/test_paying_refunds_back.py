"""Everybody sends the same refunds at the same moment."""

from __future__ import annotations

from collections import Counter
from functools import partial

from jobs.models import Job
from orders.models import OrderQuerySet
from payments.models import PaymentQuerySet, Reversal
from payments.providers import RefundState
from refunds.models import Refund
from refunds.models.refund import RefundQuerySet
from refunds.services import pay_back, refund_case
from tests.concurrency.conftest import run_together
from tests.concurrency.refunding import (
    jobs_for,
    order_of,
    overrides,
    pays_back,
    records,
    reserved,
    times,
)
from tests.factories import reread, showing_with_sale_end
from tests.refunds.moved import approved, new_admin, paid_twice, say, tickets_of
from tests.rules import broken_rules


def test_what_is_sent_is_what_the_refund_says_after_overrides_meanwhile():
    showing, admin = showing_with_sale_end(days=10), new_admin()
    orders = [order_of(2, showing) for _ in range(15)]
    refunds = [approved(order, tickets_of(order)) for order in orders]

    outcomes = run_together(
        action
        for refund in refunds
        for action in (
            overrides(refund, 100, admin),
            pays_back(refund),
            overrides(refund, 60, admin),
        )
    )

    assert set(outcomes) <= {"done", "refund-override-not-allowed"}
    for refund in map(reread, refunds):
        assert refund.status == "processing"
        assert refund.reversal.amount == refund.amount == refund.order.refund_reserved_amount
    assert broken_rules() == {}


def test_control_without_locks_another_amount_is_sent_than_the_refund_says(take_away):
    refund, admin = approved(order_of(2), None), new_admin()
    take_away(RefundQuerySet, OrderQuerySet)

    outcomes = run_together([overrides(refund, 100, admin), pays_back(refund)])

    assert outcomes == {"done": 2}
    assert reread(refund).reversal.amount == 800_000
    assert reread(refund).amount == 1_000_000


def test_a_refund_overridden_to_nothing_is_sent_or_rejected():
    showing, admin = showing_with_sale_end(days=10), new_admin()
    refunds = [approved(order_of(1, showing), None) for _ in range(15)]

    outcomes = run_together(
        action for refund in refunds for action in (pays_back(refund), overrides(refund, 0, admin))
    )

    rejected = Refund.objects.filter(status="rejected").count()
    assert outcomes == Counter(
        {"done": 15 + rejected, "refund-override-not-allowed": 15 - rejected}
    )
    assert Reversal.objects.count() == 15 - rejected
    assert broken_rules() == {}


def test_twenty_jobs_for_one_refund_open_one_reversal():
    refund = approved(order_of(2), None)

    outcomes = run_together(times(20, pays_back(refund)))

    assert outcomes == {"done": 20}
    assert Reversal.objects.get().amount == 800_000
    assert broken_rules() == {}


def test_control_without_locks_the_database_keeps_one_reversal_open(take_away):
    refund = approved(order_of(2), None)
    take_away(RefundQuerySet, OrderQuerySet, PaymentQuerySet)

    outcomes = run_together(times(2, pays_back(refund)))

    assert outcomes == {"done": 1, "IntegrityError": 1}
    assert Reversal.objects.count() == 1


def test_control_without_locks_and_rule_the_money_is_sent_twice(take_away, without_rule):
    refund = approved(order_of(2), None)
    take_away(RefundQuerySet, OrderQuerySet, PaymentQuerySet)
    without_rule("reversal_one_open_per_payment")

    outcomes = run_together(times(2, pays_back(refund)))

    assert outcomes == {"done": 2}
    assert Reversal.objects.count() == 2
    assert "reversal_one_open" in broken_rules()


def test_refunds_of_one_payment_are_sent_one_after_another():
    order = order_of(4)
    refunds = [approved(order, [ticket]) for ticket in tickets_of(order)]

    outcomes = run_together(times(5, *map(pays_back, refunds)))

    assert outcomes == {"done": 20}
    for number in range(1, 5):
        now = Refund.objects.get(status="processing")
        assert Reversal.objects.count() == number
        Job.objects.filter(topic="refunds.pay_back").delete()
        say(now.reversal_id, RefundState.DONE)
        assert run_together(times(5, records(now))) == {"done": 5}
        woken = Job.objects.filter(topic="refunds.pay_back").values_list("payload", flat=True)
        assert len(woken) == (1 if number < 4 else 0)
        for payload in woken:
            assert run_together(times(5, partial(pay_back, **payload))) == {"done": 5}
    assert set(Refund.objects.values_list("status", flat=True)) == {"partial"}
    assert reread(order).refunded_amount == 1_600_000
    assert broken_rules() == {}


def test_second_payments_found_at_once_go_back_once():
    order = order_of(2)
    case = paid_twice(order)

    outcomes = run_together(times(20, partial(refund_case, case_id=case.pk)))

    assert outcomes == {"done": 20}
    refund = Refund.objects.get()
    assert (jobs_for(refund), reserved(order)) == (1, 0)
    assert broken_rules() == {}
