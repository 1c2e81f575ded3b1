"""What happens to events in tests of their orders, and how one looks at what became of those."""

from __future__ import annotations

from django.test import Client

from jobs.services import run_due_jobs
from orders.models import Order
from tests.factories import ShowingFactory, placed_order, seats_in_area
from tests.payments.vnpay_calls import IPN
from tests.rules import broken_rules
from tests.ticketing.event_states import move, new_admin
from ticketing import services
from ticketing.models import Seat

PENDING, CANCELLED, PAID = "pending_payment", "cancelled", "paid"


def seats_of(event, count=2):
    return seats_in_area(count, showing=ShowingFactory(event=event))


def waiting_order(event, **fields):
    return placed_order(seats_of(event), **fields)


def call_off(event):
    services.confirm_cancellation(event_id=event.pk, by=new_admin(), reason="It rains.")


def confirm_fraud(event):
    move(event, "investigate")
    services.confirm_fraud(event_id=event.pk, by=new_admin(), reason="Nobody plays there.")


def clear_of_fraud(event):
    services.clear_event(event_id=event.pk, by=new_admin(), reason="They play after all.")


def postpone(event):
    services.postpone_event(event_id=event.pk, by=new_admin(), reason="It rains.")


def run_all():
    """Facts first, then the mails they lead to."""
    while run_due_jobs():
        pass


def call_ipn(query):
    return Client().get(f"{IPN}?{query}").json()["RspCode"]


def state(order):
    order = Order.objects.get(pk=order.pk)
    seats = Seat.objects.filter(holds__order=order)
    return order.status, set(seats.values_list("status", flat=True))


def assert_all_is_well():
    assert broken_rules() == {}
