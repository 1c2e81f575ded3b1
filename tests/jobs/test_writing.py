from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from jobs import outbox
from jobs.models import Job
from jobs.writing import insert, save_together, together, update
from payments.models import Payment
from tests.factories import PaymentFactory, from_now, placed_order, seats_in_area
from ticketing.models import Area, Event, Seat


def attempt(order, reference, **given):
    return Payment(
        order=order,
        provider="vnpay",
        txn_ref=reference,
        amount=Decimal("500000.50"),
        provider_request={"vnp_OrderInfo": 'Đơn hàng \\ "1"'},
        created_at=order.created_at,
        expires_at=order.expires_at,
        **given,
    )


def values(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_new_rows_are_saved_as_they_are_and_know_their_keys():
    order = placed_order()
    rows = [attempt(order, "one", idempotency_key="%(a)s"), attempt(order, "two")]

    insert(rows)

    assert [values(row) for row in Payment.objects.order_by("pk")] == [values(row) for row in rows]
    assert not rows[0]._state.adding


def test_nothing_to_save_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert([])


def test_an_update_saves_the_fields_it_names_and_no_others():
    payment = PaymentFactory()
    payment.provider_request, payment.provider = {"a": ["b", None]}, "cash"

    update(payment, "provider_request")

    payment.refresh_from_db()
    assert (payment.provider_request, payment.provider) == ({"a": ["b", None]}, "vnpay")


def test_an_update_of_what_is_not_there_is_an_error():
    gone = Event(pk=1, title="Gone")

    with pytest.raises(DatabaseError, match="not in the database"):
        update(gone, "title")


def test_what_belongs_together_is_one_statement(django_assert_num_queries):
    payment, order = PaymentFactory(), placed_order()
    order.payment_started_at = order.created_at
    payment.queried_at = payment.created_at
    rows = [attempt(order, "one"), attempt(order, "two")]
    seats = seats_in_area(2)
    for seat in seats:
        seat.number += "b"

    with django_assert_num_queries(1), together():
        insert(rows[:1])
        save_together(seats, "number")
        update(order, "payment_started_at")
        with together():
            update(payment, "queried_at")
            insert(rows[1:])
        outbox.enqueue_together(
            [outbox.new_job("orders.placed", run_at=order.created_at, order_id=order.pk)]
        )

    assert list(Payment.objects.filter(order=order).order_by("pk")) == rows
    order.refresh_from_db()
    payment.refresh_from_db()
    assert order.payment_started_at == order.created_at
    assert payment.queried_at == payment.created_at
    saved = Seat.objects.filter(pk__in=[seat.pk for seat in seats])
    assert {seat.number for seat in saved} == {seat.number for seat in seats}
    assert Job.objects.filter(topic="orders.placed", payload={"order_id": order.pk}).exists()


def test_a_failure_inside_leaves_all_of_it_unwritten(django_assert_num_queries):
    order = placed_order()

    def write_and_fail():
        with together():
            insert([attempt(order, "one")])
            raise ZeroDivisionError

    with django_assert_num_queries(0), pytest.raises(ZeroDivisionError):
        write_and_fail()

    assert not Payment.objects.exists()
    insert([attempt(order, "two")])
    assert Payment.objects.get().txn_ref == "two"


def test_any_number_of_rows_is_one_text():
    order = placed_order()

    with CaptureQueriesContext(connection) as asked:
        insert([attempt(order, "one")])
        insert([attempt(order, f"more {number}") for number in range(30)])

    assert len({query["sql"] for query in asked.captured_queries}) == 1
    assert Payment.objects.count() == 31


def test_rows_are_saved_together_and_only_in_the_fields_that_are_named(django_assert_num_queries):
    seats = seats_in_area(3)
    areas = [seats_in_area(1, name=name)[0].area for name in ("Stalls", "Balcony")]
    for area, price in zip(areas, ("70000.50", "0"), strict=True):
        area.price, area.name = Decimal(price), "Not to be saved"

    with django_assert_num_queries(1):
        save_together(areas, "price")

    saved = Area.objects.exclude(pk=seats[0].area_id).order_by("pk")
    assert list(saved.values_list("name", "price")) == [
        ("Stalls", Decimal("70000.50")),
        ("Balcony", Decimal(0)),
    ]


def test_a_row_that_is_gone_is_not_passed_over_in_silence():
    [seat, gone] = seats_in_area(2)
    Seat.objects.filter(pk=gone.pk).delete()

    with pytest.raises(DatabaseError):
        save_together([seat, gone], "status")
    with pytest.raises(DatabaseError), together():
        save_together([seat, gone], "status")


def test_saving_no_rows_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        save_together([], "status")


def test_a_job_with_a_key_is_written_at_once_even_inside_a_block():
    with together():
        job = outbox.enqueue("orders.paid", run_at=from_now(), key="once", order_id=1)
        again = outbox.enqueue("orders.paid", run_at=from_now(), key="once", order_id=1)

    assert again.pk == job.pk
    assert Job.objects.get().key == "once"
