"""Seats that come back while others want them."""

from __future__ import annotations

from collections import Counter
from functools import partial

from orders.models import Order, SeatHold, SeatHoldQuerySet, Ticket
from orders.services import place_order
from tests.concurrency.conftest import run_together
from tests.concurrency.refunding import order_of, records, under_way
from tests.factories import CustomerFactory, reread, showing_with_sale_end
from tests.rules import broken_rules
from ticketing.models import Seat


def buys(seat, customer):
    return partial(place_order, customer=customer, showing=seat.showing, seat_ids=[seat.pk])


def test_a_seat_that_comes_back_while_others_want_it_has_one_owner():
    showing = showing_with_sale_end(days=10)
    refunds = [under_way(order_of(1, showing)) for _ in range(8)]
    seats = [reread(refund).order.tickets.get().seat for refund in refunds]
    buyers = CustomerFactory.create_batch(5)

    outcomes = run_together(
        action
        for refund, seat in zip(refunds, seats, strict=True)
        for action in (*(buys(seat, buyer) for buyer in buyers), records(refund))
    )

    sold = Order.objects.pending().count()
    assert outcomes == Counter({"done": 8 + sold, "seats-unavailable": 40 - sold})
    assert SeatHold.objects.filter(status="active").count() == sold
    assert Seat.objects.filter(status="held").count() == sold
    assert Seat.objects.filter(status="available").count() == 8 - sold
    assert set(Ticket.objects.values_list("status", flat=True)) == {"refunded"}
    assert broken_rules() == {}


def test_control_a_seat_whose_hold_was_not_given_up_is_not_sold_again(monkeypatch):
    order = order_of(1)
    refund = under_way(order)
    monkeypatch.setattr(SeatHoldQuerySet, "release_sold", lambda holds: holds.count())
    records(refund)()
    seat = Seat.objects.get()
    assert seat.status == "available"

    outcomes = run_together(buys(seat, buyer) for buyer in CustomerFactory.create_batch(5))

    assert set(outcomes) <= {"IntegrityError", "seats-unavailable"}
    assert outcomes["IntegrityError"] >= 1
    assert SeatHold.objects.live().count() == 1
