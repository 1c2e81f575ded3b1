"""A customer begins to pay while others do, or while staff gives the seats back."""

from __future__ import annotations

from functools import partial
from threading import Barrier

import pytest

from orders.models import Order, OrderQuerySet
from orders.services import cancel as cancelling
from orders.services import cancel_for_customer
from payments.models import Payment
from payments.providers import Customer
from payments.services import start, start_payment
from payments.services.start import MOST_ATTEMPTS
from tests.concurrency.conftest import NOBODY_WAITS_LONGER, run_together
from tests.concurrency.refunding import times
from tests.factories import placed_order
from tests.rules import broken_rules
from tests.ticketing.event_states import new_admin


def begins(order, **key):
    return partial(
        start_payment, order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"), **key
    )


def gives_up(order, admin):
    return partial(cancel_for_customer, order_id=order.pk, by=admin, reason="He asked for it.")


@pytest.fixture
def without_locks(monkeypatch):
    """Nobody locks the order; two callers of these checks meet when both have read."""

    def meet_in(*checks):
        both_have_read = Barrier(2)

        def meeting(check):
            def check_together(*args):
                check(*args)
                both_have_read.wait(timeout=NOBODY_WAITS_LONGER)

            return check_together

        for module, name in checks:
            monkeypatch.setattr(module, name, meeting(getattr(module, name)))

    rows = Order.objects.select_related("event")
    monkeypatch.setattr(start, "lock_order", lambda pk: rows.get(pk=pk))
    monkeypatch.setattr(OrderQuerySet, "get_for_update", lambda found, pk: found.get(pk=pk))
    return meet_in


def test_staff_cancels_no_order_that_somebody_has_begun_to_pay():
    orders, admin = [placed_order() for _ in range(12)], new_admin()

    outcomes = run_together(
        action for order in orders for action in (begins(order), gives_up(order, admin))
    )

    assert outcomes["done"] == len(orders)
    assert set(outcomes) <= {"done", "order-not-payable", "order-not-cancellable"}
    for order in Order.objects.all():
        assert (order.status == "cancelled") is not order.payments.exists()
    assert broken_rules() == {}


def test_control_without_locks_an_order_is_cancelled_under_who_begins_to_pay(without_locks):
    order, admin = placed_order(), new_admin()
    without_locks((start, "_check_payable"), (cancelling, "_check_cancellable"))

    outcomes = run_together([begins(order), gives_up(order, admin)])

    assert outcomes == {"done": 2}
    assert (Order.objects.get().status, Payment.objects.count()) == ("cancelled", 1)


def test_twenty_who_begin_with_one_key_make_one_attempt():
    order = placed_order()

    outcomes = run_together(times(20, begins(order, idempotency_key="k", request_digest="d")))

    assert outcomes == {"done": 20}
    assert Payment.objects.count() == 1


def test_an_order_has_no_more_attempts_than_it_may():
    order = placed_order()

    outcomes = run_together(times(MOST_ATTEMPTS + 10, begins(order)))

    assert outcomes == {"done": MOST_ATTEMPTS, "order-not-payable": 10}
    assert Payment.objects.count() == MOST_ATTEMPTS


def test_control_without_the_lock_it_has_one_more(without_locks):
    order = placed_order()
    for _ in range(MOST_ATTEMPTS - 1):
        begins(order)()
    without_locks((start, "_check_payable"))

    outcomes = run_together(times(2, begins(order)))

    assert outcomes == {"done": 2}
    assert Payment.objects.count() == MOST_ATTEMPTS + 1
