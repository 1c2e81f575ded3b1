"""Everybody decides about the same refunds at the same moment."""

from __future__ import annotations

from django.db.models import Count, Sum

from orders.models import OrderQuerySet, TicketQuerySet
from refunds.models import Refund
from refunds.models.refund import RefundQuerySet
from refunds.policy import Reason
from tests.concurrency.conftest import run_together
from tests.concurrency.refunding import (
    approves,
    asks,
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
        is_approved, is_rejected = refund.status == "approved", refund.status == "rejected"
        # What was rejected is taken up again by whoever overrides it to 100 % after that.
        again = moves(refund, "reopen")
        assert again <= 1
        assert is_approved or is_rejected or again
        assert moves(refund, "reject") == again + is_rejected
        assert moves(refund, "approve") <= 1
        assert reserved(refund.order) == (refund.amount if is_approved else 0)
        assert refund.tickets.live().count() == (0 if is_rejected else 2)
    assert broken_rules() == {}


def turned_down(count):
    """A rejected refund of all of an order's tickets, and an admin who may take it up again."""
    order, admin = order_of(count), new_admin()
    refund = ask(order)
    rejects(refund, admin)()
    return order, refund, admin


def test_twenty_who_take_it_up_again_do_so_once():
    _order, refund, admin = turned_down(2)

    outcomes = run_together(times(20, overrides(refund, 100, admin)))

    assert outcomes == {"done": 20}  # the others override what waits
    assert moves(refund, "reopen") == 1
    assert (reread(refund).status, refund.tickets.live().count()) == ("pending_admin", 2)
    assert broken_rules() == {}


def test_what_is_taken_up_again_while_its_tickets_are_asked_for_anew_stands_once():
    cases = [turned_down(2) for _ in range(10)]

    outcomes = run_together(
        action
        for order, refund, admin in cases
        for action in (overrides(refund, 100, admin), asks(order))
    )

    assert outcomes["done"] == 10
    assert set(outcomes) <= {"done", "ticket-not-refundable", "nothing-to-refund"}
    for order, refund, _admin in cases:
        is_again = reread(refund).status == "pending_admin"
        assert order.refunds.undecided().count() == 1
        assert refund.tickets.live().count() == (2 if is_again else 0)
    assert broken_rules() == {}


def test_control_without_locks_the_database_lets_one_of_both_stand(take_away):
    order, refund, admin = turned_down(1)
    take_away(OrderQuerySet, RefundQuerySet, TicketQuerySet)

    outcomes = run_together([overrides(refund, 100, admin), asks(order)])

    assert outcomes == {"done": 1, "IntegrityError": 1}
    assert broken_rules() == {}


def test_control_without_locks_and_rule_both_stand(take_away, without_rule):
    order, refund, admin = turned_down(1)
    take_away(OrderQuerySet, RefundQuerySet, TicketQuerySet)
    without_rule("refund_one_live_per_ticket")

    outcomes = run_together([overrides(refund, 100, admin), asks(order)])

    assert outcomes == {"done": 2}
    assert broken_rules() == {"ticket_in_one_live_refund": 1}


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
