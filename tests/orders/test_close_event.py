"""Orders that wait for payment while their event is called off, or found to be a fraud."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection
from django.db.models import Q
from django_fsm_log.models import StateLog

from jobs.models import Job
from jobs.outbox import RunLater, handler_of
from orders import operations
from orders.models import Order, SeatHold
from orders.services import close_event
from payments.models import Payment, PaymentCase
from payments.services import settle_order
from tests.factories import (
    CustomerFactory,
    PaymentFactory,
    ShowingFactory,
    from_now,
    overdue_order,
    placed_order,
    seats_in_area,
)
from tests.orders.closing import (
    CANCELLED,
    PAID,
    PENDING,
    assert_all_is_well,
    call_ipn,
    call_off,
    confirm_fraud,
    run_all,
    seats_of,
    state,
    waiting_order,
)
from tests.payments.vnpay_calls import failure, success
from tests.ticketing.event_states import move
from ticketing.invariants import violations

CLOSING = import_module("orders.services.close_event")  # the package has its function by that name


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (call_off, "The event was cancelled."),
        (confirm_fraud, "The event was found to be a fraud."),
    ],
)
def test_orders_that_wait_are_ended_by_the_system_and_their_seats_are_free(event, stop, reason):
    orders = [waiting_order(event) for _ in range(3)]
    elsewhere = placed_order()

    stop(event)
    run_all()

    for order in orders:
        assert state(order) == (CANCELLED, {"available"})
        note = StateLog.objects.for_(order).get(transition="cancel")
        assert (note.by, note.description) == (None, reason)
    assert state(elsewhere) == (PENDING, {"held"})
    assert_all_is_well()


def test_ending_is_safe_to_repeat(event):
    order = waiting_order(event)
    call_off(event)

    assert close_event(event_id=event.pk).ended == 1
    again = close_event(event_id=event.pk)

    assert (again.ended, again.waiting) == (0, 0)
    assert StateLog.objects.for_(order).count() == 1
    assert Job.objects.filter(topic="orders.ended").count() == 1


def test_a_crash_between_two_chunks_loses_nothing(event, monkeypatch):
    monkeypatch.setattr(CLOSING, "AT_ONCE", 2)
    orders = [waiting_order(event) for _ in range(5)]
    call_off(event)
    end_unpaid, chunks = operations.end_unpaid, []

    def crash_at_the_end_of_the_second(orders, *, at):
        chunks.append(orders)
        end_unpaid(orders, at=at)
        if len(chunks) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(operations, "end_unpaid", crash_at_the_end_of_the_second)
        with pytest.raises(KeyboardInterrupt):
            close_event(event_id=event.pk)
    assert [state(order)[0] for order in orders] == [CANCELLED] * 2 + [PENDING] * 3
    assert_all_is_well()

    closed = close_event(event_id=event.pk)

    assert (closed.ended, closed.waiting) == (3, 0)
    assert [state(order) for order in orders] == [(CANCELLED, {"available"})] * 5
    assert_all_is_well()


def test_a_call_ends_some_and_asks_to_be_called_again_at_once(event, monkeypatch):
    monkeypatch.setattr(CLOSING, "AT_ONCE", 2)
    monkeypatch.setattr(CLOSING, "MOST", 4)
    for _ in range(5):
        waiting_order(event)
    call_off(event)

    with pytest.raises(RunLater) as later:
        handler_of("ticketing.event_closed")(event_id=event.pk)

    assert later.value.at <= from_now()
    assert Order.objects.pending().count() == 1
    handler_of("ticketing.event_closed")(event_id=event.pk)
    assert not Order.objects.pending().exists()


def test_chunks_are_locked_in_order_and_pass_over_what_others_hold(event, monkeypatch):
    waiting_order(event)
    call_off(event)
    statements = []

    def note(execute, sql, *rest):
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        close_event(event_id=event.pk)

    [lock, _] = [sql for sql in statements if "SKIP LOCKED" in sql]
    assert 'ORDER BY "orders_order"."id" ASC LIMIT 500' in lock


def test_an_event_that_was_cleared_meanwhile_ends_nothing(event):
    order = waiting_order(event)
    confirm_fraud(event)
    move(event, "clear")

    run_all()

    assert state(order) == (PENDING, {"held"})


def test_money_for_an_order_that_was_ended_is_late_and_goes_back(event):
    payment = PaymentFactory(order=waiting_order(event, payment_started_at=from_now()))
    call_off(event)
    run_all()
    assert state(payment.order) == (CANCELLED, {"available"})

    assert call_ipn(success(payment)) == "00"

    assert state(payment.order) == (CANCELLED, {"available"})
    case = PaymentCase.objects.get()
    assert (case.kind, case.amount_owed) == ("late", payment.amount)
    assert_all_is_well()


def test_an_open_attempt_that_fails_after_the_end_changes_nothing(event):
    payment = PaymentFactory(order=waiting_order(event, payment_started_at=from_now()))
    call_off(event)
    run_all()

    assert call_ipn(failure(payment)) == "00"

    assert Payment.objects.get().status == "failed"
    assert state(payment.order) == (CANCELLED, {"available"})
    assert not PaymentCase.objects.exists()


def test_an_order_paid_before_its_event_is_called_off_stays_paid(event):
    payment = PaymentFactory(order=waiting_order(event))
    call_ipn(success(payment))

    call_off(event)
    run_all()

    assert state(payment.order) == (PAID, {"sold"})


@pytest.fixture
def captured_too_late(event):
    """Its money came after the deadline and nobody has decided about it yet."""
    order = placed_order(
        seats_of(event), expires_at=from_now(seconds=-1), payment_started_at=from_now(minutes=-5)
    )
    payment = PaymentFactory(order=order)
    assert call_ipn(success(payment)) == "00"
    assert state(order) == (PENDING, {"held"})
    return order


def test_an_order_whose_money_may_be_here_is_left_to_settling(event, captured_too_late):
    call_off(event)

    with pytest.raises(RunLater) as later:
        handler_of("ticketing.event_closed")(event_id=event.pk)

    assert later.value.at > from_now(seconds=20)
    assert state(captured_too_late) == (PENDING, {"held"})
    settle_order(order_id=captured_too_late.pk)
    assert state(captured_too_late)[0] == PAID
    handler_of("ticketing.event_closed")(event_id=event.pk)
    assert_all_is_well()


def test_control_ending_it_instead_would_leave_its_money_unexplained(
    event, captured_too_late, monkeypatch
):
    monkeypatch.setattr(CLOSING, "_settled_next", lambda now: Q(pk__isnull=True))
    call_off(event)

    close_event(event_id=event.pk)

    assert violations()["payment_captured_money_is_kept_or_owed"] == 1


@pytest.mark.parametrize("seconds", [-1, 30])
def test_an_order_at_its_end_that_somebody_tried_to_pay_is_left_to_settling(event, seconds):
    order = waiting_order(
        event, expires_at=from_now(seconds=seconds), payment_started_at=from_now(minutes=-5)
    )
    call_off(event)

    closed = close_event(event_id=event.pk)

    assert (closed.ended, closed.waiting, closed.is_interrupted) == (0, 1, False)
    assert state(order) == (PENDING, {"held"})


def test_an_overdue_order_that_nobody_tried_to_pay_is_ended_at_once(event):
    order = overdue_order(seats=seats_of(event))
    call_off(event)

    assert close_event(event_id=event.pk).waiting == 0
    assert state(order) == (CANCELLED, {"available"})


def test_the_cost_of_ending_an_order_does_not_grow_with_the_others(event):
    showing = ShowingFactory(event=event)
    customers = CustomerFactory.create_batch(40)
    for customer in customers:
        placed_order(seats_in_area(1, showing=showing), customer=customer)
    call_off(event)
    statements = []

    def note(execute, sql, *rest):
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        assert close_event(event_id=event.pk).ended == 40

    assert len(statements) <= 40 * 12 + 20
    assert SeatHold.objects.active().count() == 0
