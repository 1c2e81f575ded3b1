"""Everybody records, or settles, the end of the same refunds at the same moment."""

from __future__ import annotations

import pytest
from django_fsm_log.models import StateLog

from orders.models import OrderQuerySet
from payments.models import PaymentQuerySet, ReversalQuerySet
from payments.providers import RefundState
from refunds.models.refund import RefundQuerySet
from refunds.policy import Reason
from refunds.services import (
    approve_refund,
    mark_refund_failed,
    mark_refund_paid,
    pay_back,
    record_reversal,
    retry_refund,
)
from tests.concurrency.conftest import run_together
from tests.concurrency.refunding import moves, order_of, records, times, topped_up, under_way
from tests.factories import reread, showing_with_sale_end
from tests.refunds.moved import ask, new_admin, payment_failed, say, unclear
from tests.rules import broken_rules
from ticketing.models import Seat


def test_twenty_words_of_success_finish_a_refund_once():
    order = order_of(3)
    refund = under_way(order)

    outcomes = run_together(times(20, records(refund)))

    assert outcomes == {"done": 20}
    assert (reread(order).status, reread(order).refunded_amount) == ("partial_refunded", 1_200_000)
    log = StateLog.objects.filter(transition="refund", content_type__model="ticket")
    assert log.count() == 3
    assert moves(refund, "complete_partly") == 1
    assert Seat.objects.filter(status="available").count() == 3
    assert broken_rules() == {}


def test_control_without_locks_what_has_no_ticket_is_counted_twice(take_away, monkeypatch):
    order = topped_up()
    rest = ask(order, reason=Reason.POSTPONED)
    approve_refund(refund_id=rest.pk, by=new_admin())
    pay_back(refund_id=rest.pk)
    say(reread(rest).reversal_id, RefundState.DONE)
    both = times(2, records(rest))
    take_away(RefundQuerySet, OrderQuerySet)
    monkeypatch.setattr(ReversalQuerySet, "select_for_update", lambda rows, **lock: rows)

    outcomes = run_together(both)

    assert outcomes == {"done": 2}
    assert moves(rest, "complete_partly") == 2


def settled_by_everybody(refund, admin):
    return [
        lambda: mark_refund_paid(refund_id=refund.pk, by=admin, evidence="Transfer FT26325001."),
        lambda: retry_refund(refund_id=refund.pk, by=admin, note="The portal shows nothing."),
        lambda: mark_refund_failed(refund_id=refund.pk, by=admin, reason="The card was stolen."),
    ]


def hears_success(refund):
    reversal_id = reread(refund).reversal_id

    def hear():
        say(reversal_id, RefundState.DONE)
        record_reversal(reversal_id=reversal_id)

    return hear


@pytest.mark.parametrize("made", [unclear, payment_failed])
def test_a_failed_refund_is_settled_in_one_way(made):
    showing, admin = showing_with_sale_end(days=10), new_admin()
    refunds = [made(order_of(2, showing), None) for _ in range(10)]

    outcomes = run_together(
        action
        for refund in refunds
        for action in (*settled_by_everybody(refund, admin), hears_success(refund))
    )

    assert set(outcomes) == {"done", "refund-not-failed"}
    for refund in map(reread, refunds):
        theirs = sorted(refund.order.payments.get().reversals.values_list("status", flat=True))
        assert (refund.status, theirs) in [
            ("partial", ["rejected"]),
            *([("partial", ["succeeded"])] if made is unclear else []),
            ("processing", ["created", "rejected"]),
            ("failed", ["rejected"]),
        ]
    assert broken_rules() == {}


def test_control_without_locks_a_refund_is_given_up_twice(take_away, monkeypatch):
    refund, admin = payment_failed(order_of(2), None), new_admin()
    _paid, _retried, gave_up = settled_by_everybody(refund, admin)
    take_away(RefundQuerySet, OrderQuerySet, PaymentQuerySet)
    monkeypatch.setattr(ReversalQuerySet, "select_for_update", lambda rows, **lock: rows)

    outcomes = run_together(times(2, gave_up))

    assert outcomes == {"done": 2}
    assert moves(refund, "fail") == 2
