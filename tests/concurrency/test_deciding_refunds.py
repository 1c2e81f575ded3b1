"""Everybody decides about the same refunds at the same moment."""

from __future__ import annotations

from django.db.models import Count, Sum

from orders.models import OrderQuerySet
from refunds.models import Refund
from refunds.models.refund import RefundQuerySet
from refunds.policy import Reason
from tests.concurrency.conftest import run_together
from tests.concurrency.refunding import (
    approves,
    jobs_for,
    moves,
    order_of,
    overrides,
    rejects,
    reserved,
    times,
)
from tests.factories import reread, showing_with_sale_end
from tests.refunds.moved import approved, ask, new_admin, postpone, tickets_of
from tests.rules import broken_rules


def test_twenty_approvals_of_one_refund_reserve_once():
    order = order_of(2)
    refund = ask(order, tickets_of(order)[:1])
    admins = [new_admin() for _ in range(20)]

    outcomes = run_together(approves(refund, admin) for admin in admins)

    assert outcomes == {"done": 1, "refund-already-decided": 19}
    assert reserved(order) == 400_000
    assert (jobs_for(refund), moves(refund, "approve")) == (1, 1)
    assert broken_rules() == {}


def test_control_without_locks_two_approvals_are_two_jobs(take_away):
    refund = ask(order_of(2))
    admins = [new_admin(), new_admin()]
    take_away(OrderQuerySet, RefundQuerySet)

    outcomes = run_together(approves(refund, admin) for admin in admins)

    assert outcomes == {"done": 2}
    assert (jobs_for(refund), moves(refund, "approve")) == (2, 2)


def test_whoever_decides_first_has_decided():
    showing, admin = showing_with_sale_end(days=10), new_admin()
    refunds = [ask(order_of(2, showing)) for _ in range(10)]

    outcomes = run_together(
        action
        for refund in refunds
        for action in (
            approves(refund, admin),
            rejects(refund, admin),
            overrides(refund, 0, admin),
            overrides(refund, 100, admin),
        )
    )

    assert set(outcomes) <= {"done", "refund-already-decided", "refund-override-not-allowed"}
    for refund in map(reread, refunds):
        is_approved = refund.status == "approved"
        assert refund.status in ("approved", "rejected")
        assert moves(refund, "reject") == (0 if is_approved else 1)
        assert moves(refund, "approve") <= 1
        assert reserved(refund.order) == (refund.amount if is_approved else 0)
        assert refund.tickets.live().count() == (2 if is_approved else 0)
    assert broken_rules() == {}


def asked_for_too_much():
    """Half a million more than is left: each was overridden when the others were not approved.

    Five tickets of six were approved at 80 % when the rest of the order was; then those were
    refused, and each is asked for at 100 %.
    """
    order, admin = order_of(6), new_admin()
    tickets = tickets_of(order)
    first = [approved(order, [ticket]) for ticket in tickets[:5]]
    postpone(order.event_id)
    whole = ask(order, reason=Reason.POSTPONED)
    overrides(whole, 100, admin)()
    approves(whole, admin)()
    for refund in first:
        overrides(refund, 0, admin)()
    again = [ask(order, [ticket]) for ticket in tickets[:5]]
    for refund in again:
        overrides(refund, 100, admin)()
    assert sum(reread(each).amount for each in [whole, *again]) == 3_500_000
    return order, again


def test_refunds_approved_together_never_pass_the_total():
    order, refunds = asked_for_too_much()
    admin = new_admin()

    outcomes = run_together(approves(refund, admin) for refund in times(4, *refunds))

    decided = Refund.objects.filter(status="approved").aggregate(
        count=Count("pk"), sum=Sum("amount")
    )
    assert set(outcomes) == {"done", "refund-already-decided", "refund-too-large"}
    assert outcomes["done"] == decided["count"] - 1 == 4
    assert reserved(order) == decided["sum"] <= order.total_amount
    assert broken_rules() == {}


def test_control_without_the_lock_two_approvals_reserve_the_money_of_one(take_away):
    order = order_of(2)
    refunds = [ask(order, [ticket]) for ticket in tickets_of(order)]
    admin = new_admin()
    take_away(OrderQuerySet)

    outcomes = run_together(approves(refund, admin) for refund in refunds)

    assert outcomes == {"done": 2}
    assert reserved(order) == 400_000
    assert broken_rules() == {"refund_reserved_amount_is_what_is_approved": 1}
