"""An order that is sent again with its key."""

from __future__ import annotations

from django.utils import timezone

from jobs.models import Job
from orders.models import Order, SeatHold
from orders.services import cancel_order
from tests.factories import CustomerFactory, field_of, seats_in_area
from tests.orders.ordering import ORDERS, numbered, standing
from ticketing.models import Seat, Showing


def test_the_same_key_and_body_give_the_same_order(api):
    body = numbered(seats_in_area(2))

    first = api.post(ORDERS, body, headers={"Idempotency-Key": "abc"})
    second = api.post(ORDERS, body, headers={"Idempotency-Key": "abc"})

    assert first.status_code == second.status_code == 201
    assert first.data == second.data
    assert Order.objects.count() == 1


def test_the_same_key_takes_no_other_places_of_a_field(api):
    area = field_of(5)

    first = api.post(ORDERS, standing(area, 2), headers={"Idempotency-Key": "abc"})
    second = api.post(ORDERS, standing(area, 2), headers={"Idempotency-Key": "abc"})

    assert first.data == second.data
    assert Order.objects.count() == 1
    assert Seat.objects.filter(status="held").count() == SeatHold.objects.count() == 2


def test_the_same_key_gives_the_same_order_after_the_sale_is_over(api):
    seats = seats_in_area(1)
    first = api.post(ORDERS, numbered(seats), headers={"Idempotency-Key": "abc"})
    Showing.objects.update(ticket_sale_end=timezone.now())

    second = api.post(ORDERS, numbered(seats), headers={"Idempotency-Key": "abc"})

    assert second.status_code == 201
    assert first.data == second.data


def test_the_same_key_gives_the_same_order_when_no_more_may_be_bought(api, settings):
    settings.CUSTOMER_MAX_TICKETS_PER_SHOWING = 2
    area = field_of(5)
    first = api.post(ORDERS, standing(area, 2), headers={"Idempotency-Key": "abc"})

    second = api.post(ORDERS, standing(area, 2), headers={"Idempotency-Key": "abc"})

    assert second.status_code == 201
    assert first.data == second.data


def test_the_same_key_takes_no_seat_again_that_its_order_has_lost(api, customer):
    seats = seats_in_area(1)
    first = api.post(ORDERS, numbered(seats), headers={"Idempotency-Key": "abc"})
    cancel_order(order_id=Order.objects.get().pk, by=customer)
    jobs = Job.objects.count()

    second = api.post(ORDERS, numbered(seats), headers={"Idempotency-Key": "abc"})

    assert (second.data["code"], second.data["status"]) == (first.data["code"], "cancelled")
    assert Seat.objects.get().status == "available"
    assert Job.objects.count() == jobs


def test_the_same_key_with_another_body_is_refused(api):
    [one, other] = seats_in_area(2)
    api.post(ORDERS, numbered([one]), headers={"Idempotency-Key": "abc"})

    answer = api.post(ORDERS, numbered([other]), headers={"Idempotency-Key": "abc"})

    assert answer.status_code == 422
    assert answer.data["code"] == "idempotency-key-reused"
    assert Order.objects.count() == 1
    assert Seat.objects.get(pk=other.pk).status == "available"


def test_the_same_key_with_another_body_is_refused_for_that_even_after_the_sale(api):
    [one, other] = seats_in_area(2)
    api.post(ORDERS, numbered([one]), headers={"Idempotency-Key": "abc"})
    Showing.objects.update(ticket_sale_end=timezone.now())

    answer = api.post(ORDERS, numbered([other]), headers={"Idempotency-Key": "abc"})

    assert answer.data["code"] == "idempotency-key-reused"
    assert Order.objects.count() == 1
    assert Seat.objects.get(pk=other.pk).status == "available"


def test_a_key_that_was_refused_can_be_sent_again(api):
    [seat] = seats_in_area(1)
    Seat.objects.block()
    refused = api.post(ORDERS, numbered([seat]), headers={"Idempotency-Key": "abc"})
    Seat.objects.unblock()

    answer = api.post(ORDERS, numbered([seat]), headers={"Idempotency-Key": "abc"})

    assert (refused.status_code, answer.status_code) == (409, 201)


def test_two_customers_may_use_the_same_key(api, visitor):
    [one, other] = seats_in_area(2)
    visitor.force_authenticate(CustomerFactory())

    first = api.post(ORDERS, numbered([one]), headers={"Idempotency-Key": "abc"})
    second = visitor.post(ORDERS, numbered([other]), headers={"Idempotency-Key": "abc"})

    assert first.status_code == second.status_code == 201
    assert Order.objects.count() == 2
