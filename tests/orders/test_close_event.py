"""Orders that wait for payment while their event is called off, postponed or found a fraud."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django_fsm_log.models import StateLog

from jobs.models import Job
from jobs.outbox import RunLater, handler_of
from jobs.services import run_due_jobs
from orders import operations
from orders.models import Order, SeatHold
from orders.services import cancel_order, close_event
from payments.models import Payment, PaymentCase
from payments.providers import Customer
from payments.services import settle_order, start_payment
from tests.factories import (
    CustomerFactory,
    EventFactory,
    PaymentFactory,
    ShowingFactory,
    from_now,
    overdue_order,
    placed_order,
    seats_in_area,
)
from tests.payments.vnpay_calls import IPN, failure, success
from tests.ticketing.event_states import ALL_STATES, event_in, move, new_admin
from ticketing import services
from ticketing.invariants import violations
from ticketing.models import Seat

CLOSING = import_module("orders.services.close_event")  # the package has its function by that name
PENDING, CANCELLED, PAID = "pending_payment", "cancelled", "paid"


@pytest.fixture
def event():
    return EventFactory()


def seats_of(event, count=2):
    return seats_in_area(count, showing=ShowingFactory(event=event))


def waiting_order(event, **fields):
    return placed_order(seats_of(event), **fields)


def call_off(event):
    services.confirm_cancellation(event_id=event.pk, by=new_admin(), reason="It rains.")


def confirm_fraud(event):
    move(event, "investigate")
    services.confirm_fraud(event_id=event.pk, by=new_admin(), reason="Nobody plays there.")


def postpone(event):
    services.postpone_event(event_id=event.pk, by=new_admin(), reason="It rains.")


def run_all():
    while run_due_jobs():
        pass


def call_ipn(query):
    return Client().get(f"{IPN}?{query}").json()["RspCode"]


def state(order):
    order = Order.objects.get(pk=order.pk)
    seats = Seat.objects.filter(holds__order=order)
    return order.status, set(seats.values_list("status", flat=True))


def assert_all_is_well():
    assert {rule: count for rule, count in violations().items() if count} == {}


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


def test_a_draft_that_is_cancelled_has_nothing_to_end(event):
    draft = event_in("draft")

    call_off(draft)

    assert not Job.objects.exists()


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


def pay(api, order):
    return api.post(f"/api/v1/orders/{order.code}/payments/", {"provider": "vnpay"})


TOLD = {
    ("cancelled", "none"): "The event was cancelled. There is nothing to pay.",
    ("cancelled", "confirmed"): "The event was cancelled. There is nothing to pay.",
    ("postponed", "none"): "The event is postponed. Place a new order once its tickets are on sale",
    ("postponed", "cleared"): "The event is postponed.",
    ("published", "confirmed"): "Tickets for this event are not sold any more.",
}


@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_only_an_event_that_sells_lets_an_attempt_to_pay_begin(api, customer, status, fraud_status):
    event = event_in(status, fraud_status)
    order = waiting_order(event, customer=customer)

    answer = pay(api, order)

    if event.is_selling:
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.data["code"]) == (409, "order-not-payable")
    assert TOLD.get((status, fraud_status), "") in answer.data["detail"]
    assert not Payment.objects.exists()
    assert Order.objects.get().payment_started_at is None


@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_only_an_event_that_sells_takes_orders(api, status, fraud_status):
    event = event_in(status, fraud_status)
    seats = seats_of(event, 1)

    answer = api.post("/api/v1/orders/", {"showing": seats[0].showing_id, "seats": [seats[0].pk]})

    if event.is_selling:
        assert answer.status_code == 201
        return
    assert answer.data["code"] == ("not-found" if status == "draft" else "sales-closed")
    assert not Order.objects.exists()
    assert Seat.objects.get().status == "available"


def test_a_postponed_event_takes_money_that_is_on_its_way_but_begins_no_new_attempt(
    api, customer, event
):
    order = waiting_order(event, customer=customer)
    assert pay(api, order).status_code == 201
    postpone(event)
    run_all()
    assert state(order) == (PENDING, {"held"})

    assert pay(api, order).data["code"] == "order-not-payable"
    assert call_ipn(success(Payment.objects.get())) == "00"

    assert state(order) == (PAID, {"sold"})
    assert_all_is_well()


def test_the_orders_of_a_postponed_event_expire_by_themselves(event):
    order = overdue_order(seats=seats_of(event))
    postpone(event)

    run_all()

    assert state(order) == ("expired", {"available"})


def test_an_order_placed_a_moment_after_the_end_can_not_be_paid_and_expires(api, customer, event):
    call_off(event)
    run_all()
    order = waiting_order(event, customer=customer)  # whoever placed it saw the event on sale

    assert pay(api, order).data["code"] == "order-not-payable"
    Order.objects.filter(pk=order.pk).update(expires_at=from_now(seconds=-1))
    assert settle_order(order_id=order.pk) is None

    assert state(order) == ("expired", {"available"})
    assert_all_is_well()


def test_the_same_key_still_gives_the_attempt_that_was_made_before_the_end(event):
    order = waiting_order(event)
    asked = {"order_id": order.pk, "provider": "vnpay", "customer": Customer("127.0.0.1")}
    first = start_payment(**asked, idempotency_key="once")
    call_off(event)

    assert start_payment(**asked, idempotency_key="once") == first


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        (call_off, "The event was cancelled."),
        (confirm_fraud, "We have stopped the sale of this event to protect its customers."),
    ],
)
def test_customers_are_told_once_that_their_event_is_called_off(event, mailoutbox, stop, told):
    order = waiting_order(event)
    stop(event)

    run_all()
    handler_of("orders.ended")(order_id=order.pk)
    run_all()

    [mail] = mailoutbox
    assert mail.to == [order.email]
    assert mail.subject == f"Đêm nhạc Trịnh is called off: order {order.code} has ended"
    [(html, _)] = mail.alternatives
    for text in (mail.body, html):
        assert f"{told} Your seats are not held any more, and you have nothing to pay." in text
        assert "If money was taken from your account after all, it goes back in full." in text
        assert "(Asia/Ho_Chi_Minh)" in text


def test_a_customer_who_gave_the_seats_back_is_told_nothing_of_the_end(event, mailoutbox):
    order = waiting_order(event)
    cancel_order(order_id=order.pk, by=order.customer)

    call_off(event)
    run_all()

    assert mailoutbox == []


def test_an_order_that_expires_at_an_event_that_is_off_is_not_told_to_order_again(
    event, mailoutbox
):
    order = overdue_order(seats=seats_of(event), payment_started_at=from_now(minutes=-5))
    move(event, "cancel")

    settle_order(order_id=order.pk)
    run_all()

    [mail] = mailoutbox
    assert "is called off" in mail.subject
    assert "place a new order" not in mail.body


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
