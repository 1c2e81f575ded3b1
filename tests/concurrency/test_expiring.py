"""Several sweeps, jobs and buyers meet at the deadline, on real connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import transaction
from django_fsm_log.models import StateLog

from orders.models import Order
from orders.services import expire_untried, place_order
from payments.services import settle_order
from tests.concurrency.conftest import NOBODY_WAITS_LONGER, closing, run_together
from tests.factories import CustomerFactory, overdue_order
from tests.rules import broken_rules
from ticketing.models import Seat


def test_each_order_ends_once_however_many_end_it():
    orders = [overdue_order() for _ in range(40)]
    sweeps = [partial(expire_untried, limit=100)] * 4
    jobs = [partial(settle_order, order_id=order.pk) for order in orders]

    outcomes = run_together([*sweeps, *jobs], at_once=16)

    assert outcomes == {"done": 44}
    assert set(Order.objects.values_list("status", flat=True)) == {"expired"}
    assert StateLog.objects.filter(transition="expire").count() == 40
    assert set(Seat.objects.values_list("status", flat=True)) == {"available"}
    assert not broken_rules()


def test_buyers_take_the_seats_over_while_a_sweep_frees_them():
    orders = [overdue_order() for _ in range(20)]
    purchases = [
        partial(
            place_order,
            customer=CustomerFactory(),
            showing=order.showing,
            seat_ids=sorted(order.holds.values_list("seat_id", flat=True)),
        )
        for order in orders
    ]

    outcomes = run_together([partial(expire_untried, limit=100), *purchases], at_once=8)

    assert outcomes["done"] + outcomes["seats-unavailable"] == 21
    assert Order.objects.filter(status="expired").count() == 20
    assert Order.objects.pending().count() == outcomes["done"] - 1
    assert not broken_rules()


def test_an_order_that_somebody_has_locked_keeps_the_sweep_from_no_other():
    locked, free = overdue_order(), overdue_order()
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        Order.objects.get_for_update(locked.pk)
        sweep = others.submit(closing(partial(expire_untried, limit=10)))
        assert sweep.result(timeout=NOBODY_WAITS_LONGER) == 1

    assert Order.objects.get(pk=free.pk).status == "expired"
    assert Order.objects.get(pk=locked.pk).status == "pending_payment"
    assert expire_untried(limit=10) == 1
    assert not broken_rules()
