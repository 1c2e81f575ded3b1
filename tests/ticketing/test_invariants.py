"""`verify_invariants` must find what it is there to find: each rule is broken on purpose."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from orders import operations
from orders.invariants import RULES as ORDERS
from tests.factories import AreaFactory, PaymentFactory, RowFactory, placed_order, seats_in_area
from tests.payments.vnpay_calls import IPN, success
from tests.rules import break_by
from ticketing.invariants import RULES as EVENTS_AND_SEATS
from ticketing.invariants import rules, violations


@pytest.fixture
def world(client):
    """A paid order, a pending one with an attempt, and a standing field; all is well."""
    paid = PaymentFactory()
    client.get(f"{IPN}?{success(paid)}")
    PaymentFactory()
    RowFactory(area=AreaFactory(general_admission=True), label="GA")
    assert not any(violations().values())
    return paid


BREAKAGES = {
    "seat_row_area_and_showing_agree": [
        "ALTER TABLE ticketing_seat DROP CONSTRAINT seat_row_in_area",
        "UPDATE ticketing_seat SET row_id = (SELECT max(id) FROM ticketing_row)"
        " WHERE id = (SELECT min(id) FROM ticketing_seat)",
    ],
    "seat_number_unique_in_row": [
        "ALTER TABLE ticketing_seat DROP CONSTRAINT seat_number_unique",
        "UPDATE ticketing_seat SET number = '1'",
    ],
    "general_admission_has_one_row": [
        "INSERT INTO ticketing_row (area_id, label)"
        " SELECT id, 'second' FROM ticketing_area WHERE is_general_admission",
    ],
    "event_status_logged": ["UPDATE ticketing_event SET status = 'cancelled'"],
    "event_fraud_status_logged": ["UPDATE ticketing_event SET fraud_status = 'investigating'"],
    "event_revenue_frozen_after_fraud": [
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_frozen_for_fraud_only",
        "UPDATE ticketing_event SET revenue_frozen_at = now()",
    ],
    "event_freeze_lifted_by_a_second_admin": [
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_freeze_lifted_by_another",
        "UPDATE ticketing_event SET fraud_status = 'cleared',"
        " fraud_cleared_by_id = (SELECT min(id) FROM auth_user),"
        " revenue_freeze_lifted_by_id = (SELECT min(id) FROM auth_user)",
    ],
    "event_freeze_lifted_with_a_reason": [
        "INSERT INTO django_fsm_log_statelog"
        " (timestamp, state, transition, content_type_id, object_id, description)"
        " SELECT now(), 'confirmed', 'confirm_fraud', content_type_id, object_id, 'It was one.'"
        " FROM django_fsm_log_statelog WHERE transition = 'publish'",
    ],
    "event_cancellation_request_whole": [
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_cancellation_request_whole",
        "UPDATE ticketing_event SET cancellation_requested_at = now()",
    ],
    "hold_one_live_per_seat": [
        "DROP INDEX hold_one_live_per_seat",
        "INSERT INTO orders_seathold"
        " (order_id, seat_id, showing_id, event_id, price, expires_at, status)"
        " SELECT order_id, seat_id, showing_id, event_id, price, expires_at, status"
        " FROM orders_seathold",
    ],
    "seat_status_follows_its_hold": ["UPDATE ticketing_seat SET status = 'available'"],
    "hold_status_follows_its_order": ["UPDATE orders_seathold SET status = 'released'"],
    "order_total_is_the_sum_of_its_holds": ["UPDATE orders_seathold SET price = price + 1"],
    "order_refunded_within_total": [
        "ALTER TABLE orders_order DROP CONSTRAINT order_refunded_at_most_total",
        "ALTER TABLE orders_order DROP CONSTRAINT order_refunds_and_reserved_at_most_total",
        "UPDATE orders_order SET refunded_amount = total_amount + 1",
    ],
    "order_status_follows_what_went_back": [
        "UPDATE orders_order SET refunded_amount = total_amount WHERE status = 'paid'"
    ],
    "paid_order_has_a_ticket_for_each_hold": ["DELETE FROM orders_ticket"],
    "ticket_seat_is_sold": ["UPDATE ticketing_seat SET status = 'blocked'"],
    "ticket_used_has_time": [
        "ALTER TABLE orders_ticket DROP CONSTRAINT ticket_used_at_when_used",
        "UPDATE orders_ticket SET status = 'used'",
    ],
    "ticket_status_logged": ["UPDATE orders_ticket SET status = 'used', used_at = now()"],
    "pending_order_has_a_settle_job": ["DELETE FROM jobs_job"],
    "order_status_logged": ["DELETE FROM django_fsm_log_statelog"],
    "payment_paid_order_has_its_money": [
        "UPDATE payments_payment SET status = 'pending', paid_at = NULL",
    ],
    "payment_amount_is_the_order_total": ["UPDATE payments_payment SET amount = amount + 1"],
    "payment_order_knows_of_the_attempt": ["UPDATE orders_order SET payment_started_at = NULL"],
    "payment_status_logged": ["DELETE FROM django_fsm_log_statelog"],
    "payment_review_has_a_case": [
        "UPDATE payments_payment SET status = 'review', paid_at = NULL",
    ],
    "ticket_one_live_per_seat": [
        "DROP INDEX ticket_one_live_per_seat",
        "UPDATE orders_ticket SET seat_id = (SELECT min(seat_id) FROM orders_ticket)",
    ],
    "one_showing_for_order_holds_tickets_and_seats": [
        "ALTER TABLE orders_order DROP CONSTRAINT order_showing_of_event",
        "ALTER TABLE orders_seathold DROP CONSTRAINT hold_showing_of_order",
        "ALTER TABLE orders_ticket DROP CONSTRAINT ticket_showing_of_order",
        *(
            f"UPDATE orders_{table} SET event_id = (SELECT max(id) FROM ticketing_event)"
            for table in ("order", "seathold", "ticket")
        ),
    ],
}
# A rule that says several things is broken in each way, and in that one only.
OTHER_WAYS = [
    (
        "seat_row_area_and_showing_agree",
        "ALTER TABLE ticketing_seat DROP CONSTRAINT seat_area_in_showing",
        "ALTER TABLE orders_seathold DROP CONSTRAINT hold_seat_of_showing",
        "ALTER TABLE orders_ticket DROP CONSTRAINT ticket_seat_of_showing",
        "UPDATE ticketing_seat SET showing_id = (SELECT max(id) FROM ticketing_showing)",
    ),
    (
        "event_revenue_frozen_after_fraud",
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_frozen_while_fraud_confirmed",
        "UPDATE ticketing_event SET fraud_status = 'confirmed'",
    ),
    (
        "event_freeze_lifted_by_a_second_admin",
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_frozen_for_fraud_only",
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_freeze_lifted_by_another",
        "UPDATE ticketing_event SET revenue_frozen_at = now(),"
        " revenue_freeze_lifted_by_id = (SELECT min(id) FROM auth_user)",
    ),
    (
        "event_cancellation_request_whole",
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_cancellation_request_whole",
        "UPDATE ticketing_event SET cancellation_requested_by_id = (SELECT min(id) FROM auth_user)",
    ),
    (
        "event_cancellation_request_whole",
        "ALTER TABLE ticketing_event DROP CONSTRAINT event_cancellation_request_whole",
        "UPDATE ticketing_event SET cancellation_request_reason = 'It rains.'",
    ),
    (
        "seat_status_follows_its_hold",
        "UPDATE ticketing_seat SET status = 'available' WHERE status = 'held'",
    ),
    (
        "seat_status_follows_its_hold",
        "UPDATE ticketing_seat SET status = 'available' WHERE status = 'sold'",
    ),
    (
        "hold_status_follows_its_order",
        "UPDATE orders_order SET status = 'expired' WHERE status = 'pending_payment'",
    ),
    (
        "hold_status_follows_its_order",
        "UPDATE orders_order SET status = 'expired', paid_at = NULL WHERE status = 'paid'",
    ),
    (
        "order_total_is_the_sum_of_its_holds",
        "DELETE FROM orders_seathold",
        "UPDATE orders_order SET total_amount = 0",
    ),
    (
        "order_refunded_within_total",
        "ALTER TABLE orders_order DROP CONSTRAINT order_refunded_at_most_total",
        "UPDATE orders_order SET refunded_amount = -1",
    ),
    (
        "order_status_follows_what_went_back",
        "UPDATE orders_order SET status = 'refunded' WHERE status = 'paid'",
    ),
    (
        "order_status_follows_what_went_back",
        "UPDATE orders_ticket SET status = 'refunded', refund_approved_at = now()",
        "UPDATE orders_order SET status = 'partial_refunded', refunded_amount = total_amount"
        " WHERE status = 'paid'",
    ),
    (
        "order_status_follows_what_went_back",
        "UPDATE orders_ticket SET status = 'refunded', refund_approved_at = now()",
    ),
    (
        "paid_order_has_a_ticket_for_each_hold",
        "UPDATE orders_order SET status = 'expired', paid_at = NULL WHERE status = 'paid'",
    ),
    (
        "one_showing_for_order_holds_tickets_and_seats",
        "ALTER TABLE orders_seathold DROP CONSTRAINT hold_showing_of_order",
        "ALTER TABLE orders_seathold DROP CONSTRAINT hold_seat_of_showing",
        "UPDATE orders_seathold SET showing_id = (SELECT max(id) FROM ticketing_showing)",
    ),
    (
        "one_showing_for_order_holds_tickets_and_seats",
        "ALTER TABLE orders_ticket DROP CONSTRAINT ticket_showing_of_order",
        "ALTER TABLE orders_ticket DROP CONSTRAINT ticket_seat_of_showing",
        "UPDATE orders_ticket SET showing_id = (SELECT max(id) FROM ticketing_showing)",
    ),
    (
        "ticket_used_has_time",
        "ALTER TABLE orders_ticket DROP CONSTRAINT ticket_used_at_when_used",
        "UPDATE orders_ticket SET used_at = now()",
    ),
]


def test_every_rule_of_events_seats_and_orders_is_broken_here():
    assert {rule.name for rule in [*EVENTS_AND_SEATS, *ORDERS]} <= set(BREAKAGES)


@pytest.mark.parametrize(("rule", "statements"), BREAKAGES.items())
def test_a_broken_rule_is_found(world, rule, statements):
    break_by(statements)

    assert violations()[rule] > 0


@pytest.mark.parametrize(("rule", "statements"), [(rule, way) for rule, *way in OTHER_WAYS])
def test_a_rule_that_is_broken_in_another_way_is_found(world, rule, statements):
    break_by(statements)

    assert violations()[rule] > 0


def test_money_captured_for_an_order_that_ended_is_found_when_no_case_says_so(world):
    order = placed_order(seats_in_area(1))
    payment = PaymentFactory(order=order)
    operations.expire([order], at=timezone.now(), reason="The test ends it.")
    type(payment).objects.filter(pk=payment.pk).update(status="captured", paid_at=timezone.now())

    assert violations()["payment_captured_money_is_kept_or_owed"] == 1


def test_the_command_prints_each_rule_and_fails_when_one_is_broken(world, capsys):
    call_command("verify_invariants")
    told = capsys.readouterr().out
    assert told.count(" 0 broken  ") == len(rules())
    assert f"All {len(rules())} rules hold." in told

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_fsm_log_statelog")
    with pytest.raises(CommandError, match="rules are broken"):
        call_command("verify_invariants")

    assert " 1 broken  order_status_logged" in capsys.readouterr().out
