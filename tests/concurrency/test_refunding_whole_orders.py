"""Whole orders go back while their tickets are given back one by one."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.models import Sum

from orders.models import Order, OrderQuerySet
from refunds.models import RefundTicket
from refunds.operations.whole_orders import refund_whole_orders
from refunds.policy import Reason
from tests.concurrency.conftest import run_together
from tests.concurrency.refunding import approves, asks, order_of, reserved, times, topped_up
from tests.factories import from_now, showing_with_sale_end
from tests.refunds.moved import ask, new_admin, tickets_of
from tests.rules import broken_rules
from ticketing.models import Event


def refunds_whole(order):
    @transaction.atomic(durable=True)
    def act():
        locked = Order.objects.get_for_update(order.pk)
        refund_whole_orders(
            [locked], Reason.CANCELLED, by=None, at=from_now(), why="The test cancels it."
        )

    return act


@pytest.mark.parametrize("is_automatic", [False, True])
def test_a_whole_order_goes_back_once_beside_requests_and_approvals(is_automatic):
    showing, admin = showing_with_sale_end(days=10), new_admin()
    orders = [order_of(4, showing) for _ in range(5)]
    waiting = [ask(order, tickets_of(order)[:1]) for order in orders]
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=is_automatic)

    outcomes = run_together(
        action
        for order, refund in zip(orders, waiting, strict=True)
        for action in (
            asks(order, tickets_of(order)[1:2]),
            refunds_whole(order),
            approves(refund, admin),
            asks(order, tickets_of(order)[2:]),
            refunds_whole(order),
        )
    )
    for order in orders:
        refunds_whole(order)()

    assert set(outcomes) <= {"done", "ticket-not-refundable", "refund-already-decided"}
    for order in orders:
        assert reserved(order) == order.total_amount
        assert RefundTicket.objects.live().filter(order=order).count() == 4
        assert not order.refunds.undecided().exists()
    assert broken_rules() == {}


def test_control_without_the_lock_more_is_approved_than_the_whole_order(take_away):
    order = topped_up()
    take_away(OrderQuerySet)

    outcomes = run_together(times(2, refunds_whole(order)))

    assert outcomes == {"done": 2}
    assert order.refunds.aggregate(sum=Sum("amount"))["sum"] == 1_800_000
    assert broken_rules() == {"refund_reserved_amount_is_what_is_approved": 1}
