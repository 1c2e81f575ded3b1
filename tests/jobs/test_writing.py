from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from jobs import outbox
from jobs.models import Job
from jobs.writing import insert, together, update
from payments.models import Payment
from tests.factories import PaymentFactory, placed_order
from ticketing.models import Event


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

    with django_assert_num_queries(1), together():
        insert(rows[:1])
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
