"""What the database refuses by itself, whatever the code in front of it does."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from orders import operations
from orders.models import Order, SeatHold, Ticket
from payments.models import Payment
from tests.factories import (
    AreaFactory,
    CustomerFactory,
    PaymentFactory,
    RowFactory,
    ShowingFactory,
    placed_order,
    seats_in_area,
)
from ticketing.models import Area, Row, Seat, Showing


@pytest.fixture
def refused():
    """Run SQL that must break the named rule."""

    def run(rule, sql, *parameters):
        with (
            pytest.raises(IntegrityError, match=rule),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {sql}", parameters)

    return run


def test_one_live_hold_for_a_seat(refused):
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


def test_one_live_ticket_for_a_seat(refused):
    order = placed_order(seats_in_area(1))
    operations.confirm(order, by=None, at=timezone.now(), reason="The test pays it.")
    ticket = Ticket.objects.get()
    ticket.pk, ticket.code = None, "ANOTHERCODE"

    with pytest.raises(IntegrityError, match="ticket_one_live_per_seat"), transaction.atomic():
        ticket.save()

    assert Ticket.objects.count() == 1


SAME_SHOWING = [
    (Order, "event_id"),
    (Order, "showing_id"),
    (SeatHold, "showing_id"),
    (SeatHold, "event_id"),
    (Ticket, "showing_id"),
    (Ticket, "event_id"),
    (Seat, "showing_id"),
    (Seat, "area_id"),
    (Seat, "row_id"),
]


@pytest.mark.parametrize(("model", "column"), SAME_SHOWING)
def test_order_holds_tickets_and_seats_share_one_showing(refused, model, column):
    order = placed_order(seats_in_area(1))
    operations.confirm(order, by=None, at=timezone.now(), reason="The test pays it.")
    other = {
        "showing_id": ShowingFactory().pk,
        "event_id": ShowingFactory().event_id,
        "area_id": AreaFactory().pk,
        "row_id": RowFactory().pk,
    }[column]

    refused("violates foreign key", f"UPDATE {model._meta.db_table} SET {column} = %s", other)


BROKEN = [
    ("order_refunded_at_most_total", Order, "refunded_amount = total_amount + 0.01"),
    ("order_refunded_at_most_total", Order, "refunded_amount = -0.01"),
    ("order_paid_at_when_paid", Order, "paid_at = now()"),
    ("hold_price_not_negative", SeatHold, "price = -1"),
    ("area_price_not_negative", Area, "price = -1"),
    ("payment_amount_positive", Payment, "amount = 0"),
    ("payment_paid_at_when_captured", Payment, "status = 'captured'"),
    ("showing_starts_before_end", Showing, "ends_at = starts_at"),
    ("showing_sale_starts_before_sale_end", Showing, "ticket_sale_end = ticket_sale_start"),
]


@pytest.mark.parametrize(("rule", "model", "change"), BROKEN)
def test_values_that_make_no_sense_are_refused(refused, rule, model, change):
    PaymentFactory()

    refused(rule, f"UPDATE {model._meta.db_table} SET {change}")


def test_a_reference_is_unique_for_ever(refused):
    first, second = PaymentFactory(), PaymentFactory()

    refused(
        "txn_ref",
        "UPDATE payments_payment SET txn_ref = %s WHERE id = %s",
        first.txn_ref,
        second.pk,
    )


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


def test_one_plan_waits_for_each_person_and_showing(refused):
    showing, person = ShowingFactory(), CustomerFactory()
    insert = (
        "INSERT INTO ticketing_seatplanupload"
        " (showing_id, uploaded_by_id, uploaded_at, file_name, text)"
        " VALUES (%s, %s, now(), 'plan.csv', '')"
    )
    with connection.cursor() as cursor:
        cursor.execute(insert, [showing.pk, person.pk])

    refused("seat_plan_upload_one_each", insert, showing.pk, person.pk)
