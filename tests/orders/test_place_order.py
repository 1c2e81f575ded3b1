from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import Job
from orders.models import Order, SeatHold, Ticket
from tests.factories import EventFactory, ShowingFactory, field_of, placed_order, seats_in_area
from tests.orders.ordering import ORDERS, assert_nothing_happened, numbered, standing
from tests.ticketing.event_states import event_in
from ticketing.models import Seat


def test_named_seats_are_held_for_the_customer(api, customer):
    seats = seats_in_area(2, price=350_000)

    answer = api.post(ORDERS, numbered(seats))

    assert answer.status_code == 201
    order = Order.objects.get()
    assert answer.data["code"] == order.code
    assert answer.data["status"] == "pending_payment"
    assert answer.data["total_amount"] == "700000.00"
    assert [seat["id"] for seat in answer.data["seats"]] == [seat.pk for seat in seats]
    assert order.customer == customer
    assert order.expires_at - order.created_at == timedelta(minutes=15)
    assert set(Seat.objects.values_list("status", flat=True)) == {"held"}


def test_the_next_free_places_of_a_field_are_held(api):
    area = field_of(5, price=200_000)

    answer = api.post(ORDERS, standing(area, 3))

    assert answer.status_code == 201
    assert answer.data["total_amount"] == "600000.00"
    assert Seat.objects.filter(status="held").count() == 3
    assert Seat.objects.filter(status="available").count() == 2


def test_an_order_leaves_a_job_that_will_settle_it(api):
    api.post(ORDERS, numbered(seats_in_area(1)))

    job = Job.objects.get(topic="orders.expiry_due")
    assert job.run_at == Order.objects.get().expires_at


def test_a_free_order_is_paid_at_once_and_has_its_tickets(api):
    area = field_of(2, price=0)

    answer = api.post(ORDERS, standing(area, 2))

    assert answer.status_code == 201
    assert answer.data["status"] == "paid"
    assert Ticket.objects.count() == 2
    assert set(Seat.objects.values_list("status", flat=True)) == {"sold"}
    assert [job.topic for job in Job.objects.all()] == ["orders.paid"]


def test_a_taken_seat_refuses_the_whole_order_and_is_named(api):
    free, taken = seats_in_area(2)
    Seat.objects.filter(pk=taken.pk).block()

    answer = api.post(ORDERS, numbered([free, taken]))

    assert answer.status_code == 409
    assert answer.data["code"] == "seats-unavailable"
    assert answer.data["seats"] == [taken.pk]
    assert not Order.objects.exists()
    assert Seat.objects.get(pk=free.pk).status == "available"


def test_too_few_places_are_refused_with_the_number_left(api):
    area = field_of(2)

    answer = api.post(ORDERS, standing(area, 3))

    assert answer.status_code == 409
    assert answer.data["code"] == "not-enough-seats"
    assert answer.data["available"] == 2
    assert_nothing_happened()


@pytest.mark.parametrize("window", ["not_yet_on_sale", "sale_over"])
def test_outside_the_sales_window_nothing_is_sold(api, window):
    seats = seats_in_area(1, showing=ShowingFactory(**{window: True}))

    answer = api.post(ORDERS, numbered(seats))

    assert answer.status_code == 409
    assert answer.data["code"] == "sales-closed"
    assert_nothing_happened()


@pytest.mark.parametrize("state", ["postponed", "cancelled"])
def test_an_event_that_does_not_take_place_sells_nothing(api, state):
    seats = seats_in_area(1, showing=ShowingFactory(event=EventFactory(**{state: True})))

    answer = api.post(ORDERS, numbered(seats))

    assert answer.status_code == 409
    assert answer.data["code"] == "sales-closed"
    assert_nothing_happened()


def test_a_confirmed_fraud_sells_nothing(api):
    event = event_in("published", "confirmed")
    seats = seats_in_area(1, showing=ShowingFactory(event=event))

    answer = api.post(ORDERS, numbered(seats))

    assert answer.data["code"] == "sales-closed"
    assert_nothing_happened()


def test_a_draft_does_not_exist_for_customers(api):
    seats = seats_in_area(1, showing=ShowingFactory(event=EventFactory(draft=True)))

    answer = api.post(ORDERS, numbered(seats))

    assert answer.status_code == 404
    assert answer.data["code"] == "not-found"
    assert_nothing_happened()


def test_an_order_holds_at_most_ten_tickets(api):
    answer = api.post(ORDERS, numbered(seats_in_area(11)))

    assert answer.status_code == 409
    assert answer.data["code"] == "too-many-tickets"
    assert_nothing_happened()


@pytest.mark.parametrize("quantity", [11, 10_001, 10**18])
def test_any_quantity_that_is_too_many_is_refused_as_that(api, quantity):
    answer = api.post(ORDERS, standing(field_of(30), quantity))

    assert answer.status_code == 409
    assert answer.data["code"] == "too-many-tickets"
    assert_nothing_happened()


def test_a_customer_has_at_most_twenty_tickets_of_a_showing(api):
    area = field_of(30)
    for _ in range(2):
        assert api.post(ORDERS, standing(area, 10)).status_code == 201

    answer = api.post(ORDERS, standing(area, 1))

    assert answer.data["code"] == "too-many-tickets"
    assert SeatHold.objects.count() == 20


def bad_bodies():
    yield "nothing", {}
    yield "no seats", {"showing": 1}
    yield "an empty list", {"showing": 1, "seats": []}
    yield "a seat twice", {"showing": 1, "seats": [1, 1]}
    yield "text for a seat", {"showing": 1, "seats": ["front row"]}
    yield "a list for a seat", {"showing": 1, "seats": [[1]]}
    yield "true for a showing", {"showing": {"id": 1}, "seats": [1]}
    yield "a negative seat", {"showing": 1, "seats": [-1]}
    yield "a huge seat id", {"showing": 1, "seats": [2**70]}
    yield "a huge list", {"showing": 1, "seats": list(range(1, 1_500))}
    yield "no quantity", {"showing": 1, "area": 1}
    yield "quantity nought", {"showing": 1, "area": 1, "quantity": 0}
    yield "a negative quantity", {"showing": 1, "area": 1, "quantity": -3}
    yield "half a place", {"showing": 1, "area": 1, "quantity": 1.5}
    yield "a huge quantity", {"showing": 1, "area": 1, "quantity": 10**30}
    yield "seats and an area", {"showing": 1, "seats": [1], "area": 1, "quantity": 1}
    yield "a list", [1, 2, 3]
    yield "null", None


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in bad_bodies()])
def test_a_body_that_makes_no_sense_is_invalid(api, body):
    seats_in_area(1)

    answer = api.post(ORDERS, body)

    assert answer.status_code == 400
    assert answer.data["code"] == "invalid"
    assert answer.data["errors"]
    assert_nothing_happened()


def test_seats_of_another_showing_are_invalid(api):
    [own], [foreign] = seats_in_area(1), seats_in_area(1)

    answer = api.post(ORDERS, {"showing": own.showing_id, "seats": [own.pk, foreign.pk]})

    assert answer.status_code == 400
    assert str(foreign.pk) in str(answer.data["errors"]["seats"])
    assert_nothing_happened()


def test_an_area_of_another_showing_is_invalid(api):
    here, there = field_of(1), field_of(1)

    answer = api.post(ORDERS, {"showing": here.showing_id, "area": there.pk, "quantity": 1})

    assert answer.status_code == 400
    assert "area" in answer.data["errors"]
    assert_nothing_happened()


def test_numbered_seats_are_not_sold_by_quantity(api):
    [seat, _] = seats_in_area(2)

    answer = api.post(ORDERS, standing(seat.area, 1))

    assert answer.status_code == 400
    assert_nothing_happened()


def test_whoever_is_not_signed_in_places_no_order(visitor):
    answer = visitor.post(ORDERS, numbered(seats_in_area(1)))

    assert answer.status_code == 401
    assert answer.data["code"] == "not-authenticated"
    assert_nothing_happened()


def overdue_order(seats, **fields):
    return placed_order(seats, expires_at=timezone.now() - timedelta(seconds=1), **fields)


def test_an_overdue_order_that_never_tried_to_pay_makes_room(api):
    seats = seats_in_area(2)
    stale = overdue_order(seats)

    answer = api.post(ORDERS, numbered(seats))

    assert answer.status_code == 201
    assert Order.objects.get(pk=stale.pk).status == "expired"
    assert set(SeatHold.objects.filter(order=stale).values_list("status", flat=True)) == {
        "released"
    }


def test_overdue_orders_of_several_buyers_make_room_together(api):
    seats = seats_in_area(3)
    stale = [overdue_order([seat]) for seat in seats]

    answer = api.post(ORDERS, numbered(seats))

    assert answer.status_code == 201
    ended = Order.objects.filter(pk__in=[order.pk for order in stale])
    assert list(ended.values_list("status", flat=True)) == ["expired"] * 3


def test_an_overdue_order_makes_room_in_a_field(api):
    area = field_of(2)
    stale = overdue_order(list(area.seats.all()))

    answer = api.post(ORDERS, standing(area, 2))

    assert answer.status_code == 201
    assert Order.objects.get(pk=stale.pk).status == "expired"


def test_room_is_made_on_the_wished_seats_only(api):
    seats = seats_in_area(2)
    overdue_order(seats[:1])
    beside = overdue_order(seats[1:])

    answer = api.post(ORDERS, numbered(seats[:1]))

    assert answer.status_code == 201
    assert Order.objects.get(pk=beside.pk).status == "pending_payment"


def test_an_overdue_order_with_an_attempt_to_pay_keeps_its_seats(api):
    seats = seats_in_area(1)
    trying = overdue_order(seats, payment_started_at=timezone.now())

    answer = api.post(ORDERS, numbered(seats))

    assert answer.data["code"] == "seats-unavailable"
    assert Order.objects.get(pk=trying.pk).status == "pending_payment"


def test_what_a_customer_can_not_pay_any_more_does_not_count_against_her_limit(
    api, customer, settings
):
    settings.CUSTOMER_MAX_TICKETS_PER_SHOWING = 2
    seats = seats_in_area(4)
    stale = overdue_order(seats[:2], customer=customer)

    answer = api.post(ORDERS, numbered(seats[2:]))

    assert answer.status_code == 201
    assert Order.objects.get(pk=stale.pk).status == "expired"
    assert Seat.objects.filter(status="held").count() == 2


def test_her_limit_and_the_wished_seats_are_freed_together(api, customer, settings):
    settings.CUSTOMER_MAX_TICKETS_PER_SHOWING = 2
    seats = seats_in_area(4)
    overdue_order(seats[:2], customer=customer)
    overdue_order(seats[2:])

    assert api.post(ORDERS, numbered(seats[2:])).status_code == 201


def test_what_she_tried_to_pay_counts_until_it_is_known(api, customer, settings):
    settings.CUSTOMER_MAX_TICKETS_PER_SHOWING = 2
    seats = seats_in_area(4)
    trying = overdue_order(seats[:2], customer=customer, payment_started_at=timezone.now())

    answer = api.post(ORDERS, numbered(seats[2:]))

    assert answer.data["code"] == "too-many-tickets"
    assert Order.objects.get(pk=trying.pk).status == "pending_payment"
    assert Seat.objects.filter(status="held").count() == 2


def test_placing_an_order_costs_the_same_whatever_the_house_holds(
    api, django_assert_max_num_queries
):
    seats = seats_in_area(40)

    with django_assert_max_num_queries(8):
        answer = api.post(ORDERS, numbered(seats[:2]))

    assert answer.status_code == 201


def test_an_order_of_standing_places_asks_the_database_seven_things(api, django_assert_num_queries):
    """The area, a savepoint and its end, the queue, the limit, the places, the jobs."""
    area = field_of(5)

    with django_assert_num_queries(7):
        api.post(ORDERS, standing(area, 2), headers={"Idempotency-Key": "abc"})


def test_a_refusal_asks_the_database_no_more_than_an_order_of_seats_does(api):
    [one, other] = seats_in_area(2)

    with CaptureQueriesContext(connection) as sold:
        assert api.post(ORDERS, numbered([one]), headers={"Idempotency-Key": "a"}).data["code"]
    with CaptureQueriesContext(connection) as refused:
        answer = api.post(ORDERS, numbered([one, other]), headers={"Idempotency-Key": "b"})

    assert answer.data["code"] == "seats-unavailable"
    assert len(refused) <= len(sold) == 8
    assert Order.objects.count() == 1
    assert Seat.objects.get(pk=other.pk).status == "available"
