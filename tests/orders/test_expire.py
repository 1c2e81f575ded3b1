"""Overdue orders that nobody tried to pay end together."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Order, SeatHold
from orders.services import expire_untried
from tests.factories import PaymentFactory, from_now, overdue_order, placed_order
from ticketing.invariants import violations
from ticketing.models import Seat

pytestmark = pytest.mark.django_db


def statuses():
    return set(Order.objects.values_list("status", flat=True))


def test_they_expire_and_their_seats_are_free_again():
    orders = [overdue_order() for _ in range(3)]

    assert expire_untried(limit=10) == 3

    assert statuses() == {"expired"}
    assert set(SeatHold.objects.values_list("status", flat=True)) == {"released"}
    assert set(Seat.objects.values_list("status", flat=True)) == {"available"}
    told = Job.objects.filter(topic="orders.ended").values_list("payload__order_id", flat=True)
    assert sorted(told) == [order.pk for order in orders]
    assert not any(violations().values())


def test_each_has_its_own_log_row():
    orders = [overdue_order() for _ in range(3)]

    expire_untried(limit=10)

    for order in orders:
        row = StateLog.objects.for_(order).get(transition="expire")
        assert (row.source_state, row.state) == ("pending_payment", "expired")
        assert row.description == "Time is up and nobody tried to pay."


def test_orders_in_time_and_orders_with_an_attempt_are_left_alone():
    placed_order()
    PaymentFactory(order=overdue_order())

    assert expire_untried(limit=10) == 0

    assert statuses() == {"pending_payment"}


def test_the_longest_overdue_come_first():
    late = overdue_order(expires_at=from_now(seconds=-5))
    latest = overdue_order(expires_at=from_now(minutes=-5))

    assert expire_untried(limit=1) == 1

    assert Order.objects.get(pk=latest.pk).status == "expired"
    assert Order.objects.get(pk=late.pk).status == "pending_payment"


def test_many_take_as_many_statements_as_one():
    overdue_order()
    with CaptureQueriesContext(connection) as one:
        expire_untried(limit=1)
    for _ in range(20):
        overdue_order()
    with CaptureQueriesContext(connection) as many:
        assert expire_untried(limit=20) == 20

    assert len(many) == len(one)
