"""What the database refuses by itself, whatever the code in front of it does."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from jobs.models import Job
from orders import operations
from orders.models import Order, SeatHold, Ticket
from payments.models import Payment, PaymentCase, Reconciliation, ReconciliationEntry, Reversal
from payments.operations.cases import open_case_of_silence
from tests.factories import (
    AreaFactory,
    CustomerFactory,
    OrderFactory,
    PaymentFactory,
    RowFactory,
    SeatFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.payments.reversed import give_back
from tests.rules import copied, refused
from tests.ticketing.test_event_transitions import BROKEN as OF_AN_EVENT
from ticketing.models import Area, Event, Organizer, Row, Seat, Showing


@pytest.fixture
def world():
    """A row at least in every table that has rules, in several states."""
    payment = PaymentFactory()
    paid = paid_order(seats_in_area(1)).payments.get()
    give_back(paid, 1)
    run = Reconciliation.objects.create(started_at=from_now())
    run.entries.create(payment=paid, at=from_now(), had="captured", has="captured", done="failed")
    open_case_of_silence(payment, from_now())


def test_one_live_hold_for_a_seat():
    order = placed_order(seats_in_area(1))

    refused(
        "hold_one_live_per_seat",
        "INSERT INTO orders_seathold"
        " (order_id, seat_id, showing_id, event_id, price, expires_at, status)"
        " SELECT order_id, seat_id, showing_id, event_id, price, expires_at, 'confirmed'"
        " FROM orders_seathold WHERE order_id = %s",
        order.pk,
    )

    assert SeatHold.objects.count() == 1


def test_a_released_hold_makes_room_for_another():
    seats = seats_in_area(1)
    first = placed_order(seats)
    operations.expire([first], at=timezone.now(), reason="The test ends it.")

    placed_order(seats)

    assert sorted(SeatHold.objects.values_list("status", flat=True)) == ["active", "released"]


def test_one_live_ticket_for_a_seat():
    order = placed_order(seats_in_area(1))
    operations.confirm(order, by=None, at=timezone.now(), reason="The test pays it.")
    ticket = Ticket.objects.get()
    ticket.pk, ticket.code = None, "ANOTHERCODE"

    with pytest.raises(IntegrityError, match="ticket_one_live_per_seat"), transaction.atomic():
        ticket.save()

    assert Ticket.objects.count() == 1


OTHER = {
    "showing_id": lambda: ShowingFactory().pk,
    "event_id": lambda: ShowingFactory().event_id,
    "area_id": lambda: AreaFactory().pk,
    "row_id": lambda: RowFactory().pk,
    "seat_id": lambda: seats_in_area(1)[0].pk,
}
# Each rule by a change that no other one refuses.
SAME_SHOWING = [
    ("hold_showing_of_order", SeatHold, "event_id"),
    ("hold_seat_of_showing", SeatHold, "seat_id"),
    ("ticket_showing_of_order", Ticket, "event_id"),
    ("ticket_seat_of_showing", Ticket, "seat_id"),
    ("seat_row_in_area", Seat, "row_id"),
]


@pytest.mark.parametrize(("rule", "model", "column"), SAME_SHOWING)
def test_order_holds_tickets_and_seats_share_one_showing(rule, model, column):
    paid_order(seats_in_area(1))

    refused(rule, f"UPDATE {model._meta.db_table} SET {column} = %s", OTHER[column]())


BEFORE_IT_IS_SOLD = [
    ("order_showing_of_event", Order, "event_id", OrderFactory),
    ("order_showing_of_event", Order, "showing_id", OrderFactory),
    ("seat_area_in_showing", Seat, "showing_id", SeatFactory),
    ("seat_row_in_area", Seat, "area_id", SeatFactory),
]


@pytest.mark.parametrize(("rule", "model", "column", "make"), BEFORE_IT_IS_SOLD)
def test_nor_does_a_thing_that_nothing_else_names_leave_its_showing(rule, model, column, make):
    make()
    change = f"UPDATE {model._meta.db_table} SET {column} = %s"
    if column == "area_id":  # one of the same showing
        refused(rule, change, AreaFactory(showing=Showing.objects.get()).pk)
    else:
        refused(rule, change, OTHER[column]())


BROKEN = [
    ("event_status_valid", Event, "status = 'lost'"),
    ("event_fraud_status_valid", Event, "fraud_status = 'lost'"),
    ("showing_starts_before_end", Showing, "ends_at = starts_at"),
    ("showing_sale_starts_before_sale_end", Showing, "ticket_sale_end = ticket_sale_start"),
    ("area_price_not_negative", Area, "price = -1"),
    ("seat_status_valid", Seat, "status = 'lost'"),
    ("order_status_valid", Order, "status = 'lost', paid_at = NULL"),
    ("order_refunded_at_most_total", Order, "refunded_amount = total_amount + 0.01"),
    ("order_refunded_at_most_total", Order, "refunded_amount = -0.01"),
    ("order_refunds_and_reserved_at_most_total", Order, "refund_reserved_amount = -0.01"),
    ("order_paid_at_when_paid", Order, "paid_at = now()"),
    ("order_paid_at_when_paid", Order, "paid_at = NULL"),
    ("hold_status_valid", SeatHold, "status = 'lost'"),
    ("hold_price_not_negative", SeatHold, "price = -1"),
    ("ticket_status_valid", Ticket, "status = 'lost'"),
    ("ticket_price_not_negative", Ticket, "price = -1"),
    ("ticket_used_at_when_used", Ticket, "used_at = now()"),
    ("ticket_used_at_when_used", Ticket, "status = 'used'"),
    ("ticket_scan_when_used", Ticket, "used_by_scan = gen_random_uuid()"),
    ("ticket_refunded_after_approval", Ticket, "status = 'refunded'"),
    ("payment_status_valid", Payment, "status = 'lost', paid_at = NULL"),
    ("payment_amount_positive", Payment, "amount = 0, reversed_amount = 0"),
    ("payment_reversed_at_most_amount", Payment, "reversed_amount = amount + 0.01"),
    ("payment_reversed_at_most_amount", Payment, "reversed_amount = -0.01"),
    ("payment_paid_at_when_captured", Payment, "status = 'captured'"),
    ("payment_paid_at_when_captured", Payment, "paid_at = now()"),
    ("payment_case_status_valid", PaymentCase, "status = 'lost', decided_at = now()"),
    ("payment_case_kind_valid", PaymentCase, "kind = 'lost'"),
    ("payment_case_decided_when_resolved", PaymentCase, "status = 'resolved'"),
    ("payment_case_decided_when_resolved", PaymentCase, "decided_at = now()"),
    ("payment_case_owed_not_negative", PaymentCase, "amount_owed = -0.01"),
    ("reversal_status_valid", Reversal, "status = 'lost'"),
    ("reversal_amount_positive", Reversal, "amount = 0"),
    ("reversal_finished_at_when_final", Reversal, "status = 'succeeded'"),
    ("reversal_finished_at_when_final", Reversal, "finished_at = now(), due_at = NULL"),
    ("reversal_due_unless_final", Reversal, "status = 'rejected', finished_at = now()"),
    ("reversal_sent_at_when_on_the_way", Reversal, "status = 'unknown'"),
    ("reconciliation_end_when_finished", Reconciliation, "finished_at = now()"),
    ("reconciliation_end_when_finished", Reconciliation, "ended = 'complete'"),
    ("reconciliation_end_when_finished", Reconciliation, "ended = 'lost', finished_at = now()"),
    ("reconciliation_counts_each_once", Reconciliation, "asked = 1"),
    ("reconciliation_counts_not_negative", Reconciliation, "agreed = -1, repaired = 1"),
    ("reconciliation_counts_not_negative", Reconciliation, "failed = -1"),
    ("reconciliation_done_valid", ReconciliationEntry, "done = 'lost'"),
    ("reconciliation_case_named", ReconciliationEntry, "done = 'case'"),
    ("job_status_valid", Job, "status = 'lost'"),
    ("job_attempts_not_negative", Job, "attempts = -1"),
    ("job_finished_when_done", Job, "status = 'done'"),
    ("job_finished_when_done", Job, "status = 'dead'"),
    ("job_finished_when_done", Job, "finished_at = now()"),
]


@pytest.mark.parametrize(("rule", "model", "change"), BROKEN)
def test_values_that_make_no_sense_are_refused(world, rule, model, change):
    before = list(model.objects.order_by("pk").values())

    refused(rule, f"UPDATE {model._meta.db_table} SET {change}")

    assert list(model.objects.order_by("pk").values()) == before


def test_a_message_has_one_of_the_known_ways():
    refused(
        "provider_message_channel_valid",
        "INSERT INTO payments_providermessage (provider, channel, txn_ref, body, at)"
        " VALUES ('vnpay', 'pigeon', '', '{}', now())",
    )


# A second row like the first one but for what is named here.
TWICE = [
    ("ticketing_organizer_slug_key", Organizer, {}, {}),
    ("ticketing_event_slug_key", Event, {}, {}),
    ("seat_number_unique", Seat, {}, {}),
    ("orders_order_code_key", Order, {}, {}),
    ("order_idempotency_key_unique", Order, {"idempotency_key": "5f1c"}, {"code": "'ANOTHER'"}),
    ("orders_ticket_code_key", Ticket, {}, {"status": "'used'", "used_at": "now()"}),
    ("payments_payment_txn_ref_key", Payment, {}, {}),
    ("payment_idempotency_key_unique", Payment, {"idempotency_key": "5f1c"},
     {"txn_ref": "'another'"}),
    ("payment_case_once_per_fact", PaymentCase, {}, {"payment_id": "NULL", "amount": "1"}),
    ("payments_reversal_request_id_key", Reversal, {},
     {"status": "'rejected'", "finished_at": "now()", "due_at": "NULL"}),
    ("reversal_one_open_per_payment", Reversal, {}, {"request_id": "'another'"}),
    ("reconciliation_entry_once", ReconciliationEntry, {}, {"done": "'unanswered'"}),
    ("job_key_unique", Job, {"key": "5f1c"}, {"topic": "'another'"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "model", "given", "changed"), TWICE)
def test_what_there_is_once_is_not_written_a_second_time(world, rule, model, given, changed):
    row = model.objects.earliest("pk")
    model.objects.filter(pk=row.pk).update(**given)
    count = model.objects.count()

    refused(rule, f"{copied(model, **changed)} {model._meta.db_table} WHERE id = %s", row.pk)

    assert model.objects.count() == count


def test_what_was_decided_about_a_fact_does_not_keep_its_next_case_away(world):
    PaymentCase.objects.update(status="resolved", decided_at=from_now())
    again = copied(PaymentCase, status="'open'", decided_at="NULL")

    with connection.cursor() as cursor:
        cursor.execute(f"{again} payments_paymentcase")

    assert sorted(PaymentCase.objects.values_list("status", flat=True)) == ["open", "resolved"]


UNIQUE = [
    ("area_name_unique", Area, lambda: AreaFactory(name="Stalls"), {"name": "Stalls"}),
    ("row_label_unique", Row, lambda: RowFactory(label="A"), {"label": "A"}),
]


@pytest.mark.parametrize(("rule", "model", "make", "name"), UNIQUE)
def test_names_are_unique_where_people_look_for_them(rule, model, make, name):
    first = make()
    parent = {"showing": first.showing} if model is Area else {"area": first.area}

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        model.objects.create(**parent, **name, **({"price": 1} if model is Area else {}))


def test_every_rule_of_ours_has_a_name_of_its_own():
    """A refusal must tell which rule it was; Django's own names end in a hash."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'c'"
            " AND conrelid::regclass::text ~ '^(ticketing|orders|payments|jobs)_'"
        )
        checks = {row[0] for row in cursor.fetchall()}

    assert len(checks) >= 20
    assert not {name for name in checks if name.endswith("_check")}


OURS = "(ticketing|orders|payments|jobs)"
TRIED_ONE_BY_ONE = {
    "hold_one_live_per_seat",
    "ticket_one_live_per_seat",
    "provider_message_channel_valid",
    "seat_plan_upload_one_each",
}
WITH_THE_STEPS_OF_AN_EVENT = {rule for rule, *_ in OF_AN_EVENT}
# The primary key rules them out before.
ONLY_FOR_REFERENCES = {
    "area_with_showing",
    "order_with_showing",
    "row_with_area",
    "seat_with_showing",
    "showing_with_event",
    "ticket_with_order",
}


def test_every_rule_is_tried():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u', 'f')"
            f" AND conrelid::regclass::text ~ '^{OURS}_'"
            " UNION SELECT indexrelid::regclass::text FROM pg_index"
            f" WHERE indisunique AND indrelid::regclass::text ~ '^{OURS}_'"
        )
        named = {row[0] for row in cursor.fetchall() if not re.match(f"{OURS}_", row[0])}

    tables = [SAME_SHOWING, BEFORE_IT_IS_SOLD, BROKEN, TWICE, UNIQUE]
    tried = {rule for table in tables for rule, *_ in table if not re.match(f"{OURS}_", rule)}
    assert tried | TRIED_ONE_BY_ONE | WITH_THE_STEPS_OF_AN_EVENT | ONLY_FOR_REFERENCES == named


def test_one_plan_waits_for_each_person_and_showing():
    showing, person = ShowingFactory(), CustomerFactory()
    insert = (
        "INSERT INTO ticketing_seatplanupload"
        " (showing_id, uploaded_by_id, uploaded_at, file_name, text)"
        " VALUES (%s, %s, now(), 'plan.csv', '')"
    )
    with connection.cursor() as cursor:
        cursor.execute(insert, [showing.pk, person.pk])

    refused("seat_plan_upload_one_each", insert, showing.pk, person.pk)
