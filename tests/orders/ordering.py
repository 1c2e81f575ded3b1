"""How tests place orders through the API."""

from __future__ import annotations

from jobs.models import Job
from orders.models import Order, SeatHold
from ticketing.models import Seat

ORDERS = "/api/v1/orders/"


def numbered(seats):
    return {"showing": seats[0].showing_id, "seats": [seat.pk for seat in seats]}


def standing(area, quantity):
    return {"showing": area.showing_id, "area": area.pk, "quantity": quantity}


def assert_nothing_happened():
    assert not Order.objects.exists()
    assert not SeatHold.objects.exists()
    assert not Job.objects.exists()
    assert not Seat.objects.exclude(status="available").exists()
