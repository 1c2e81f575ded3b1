"""Everybody asks for the same refunds at the same moment."""

from __future__ import annotations

from functools import partial
from itertools import combinations, cycle, islice

import pytest

from orders.models import OrderQuerySet, TicketQuerySet
from refunds.models import Refund, RefundQuerySet, RefundTicket
from refunds.policy import Reason
from refunds.services import request_refund
from tests.concurrency.conftest import run_together
from tests.concurrency.refunding import asks, order_of, reserved, times, topped_up
from tests.refunds.moved import postpone, tickets_of
from tests.rules import broken_rules
from ticketing.models import Event


@pytest.mark.parametrize("is_automatic", [False, True])
def test_fifty_requests_for_overlapping_tickets_take_each_ticket_once(is_automatic):
    order = order_of(6)
    Event.objects.filter(pk=order.event_id).update(auto_approve_refund=is_automatic)
    pairs = islice(cycle(combinations(tickets_of(order), 2)), 50)

    outcomes = run_together(asks(order, pair) for pair in pairs)

    taken = RefundTicket.objects.live().values_list("ticket", flat=True)
    assert set(outcomes) == {"done", "ticket-not-refundable"}
    assert 2 <= outcomes["done"] <= 3
    assert len(taken) == len(set(taken)) == 2 * outcomes["done"]
    assert reserved(order) == (outcomes["done"] * 800_000 if is_automatic else 0)
    assert broken_rules() == {}


def test_fifty_requests_for_the_whole_order_make_one():
    order = order_of(3)
    postpone(order.event_id)

    outcomes = run_together(times(50, asks(order, reason=Reason.POSTPONED)))

    assert outcomes == {"done": 1, "ticket-not-refundable": 49}
    assert Refund.objects.get().amount == 1_350_000
    assert broken_rules() == {}


def test_fifty_requests_for_what_is_missing_make_one():
    """No ticket is left by which the database could tell them apart."""
    order = topped_up()

    outcomes = run_together(times(50, asks(order, reason=Reason.POSTPONED)))

    assert outcomes == {"done": 1, "ticket-not-refundable": 49}
    assert Refund.objects.get(reason="postponed").amount == 150_000
    assert broken_rules() == {}


def test_a_request_repeated_with_its_key_is_made_once():
    order = order_of(3)
    again = partial(
        request_refund,
        order_id=order.pk,
        requester=order.customer,
        reason=Reason.PERSONAL,
        idempotency_key="5f1c",
        request_digest="the same",
    )

    outcomes = run_together(times(20, again))

    assert outcomes == {"done": 20}
    assert Refund.objects.count() == 1
    assert broken_rules() == {}


def test_control_without_the_locks_the_database_keeps_a_ticket_in_one_refund(take_away):
    order = order_of(1)
    take_away(OrderQuerySet, TicketQuerySet)

    outcomes = run_together(times(2, asks(order)))

    assert outcomes == {"done": 1, "IntegrityError": 1}
    assert broken_rules() == {}


def test_control_without_locks_and_rule_a_ticket_is_in_two_refunds(take_away, without_rule):
    order = order_of(1)
    take_away(OrderQuerySet, TicketQuerySet)
    without_rule("refund_one_live_per_ticket")

    outcomes = run_together(times(2, asks(order)))

    assert outcomes == {"done": 2}
    assert broken_rules() == {"ticket_in_one_live_refund": 1}


def test_control_without_the_locks_what_is_missing_is_asked_for_twice(take_away):
    order = topped_up()
    # Those of other requests, too: before they have read, two would meet at theirs.
    take_away(OrderQuerySet, RefundQuerySet, TicketQuerySet)

    outcomes = run_together(times(2, asks(order, reason=Reason.POSTPONED)))

    assert outcomes == {"done": 2}
    assert Refund.objects.filter(reason="postponed").count() == 2
