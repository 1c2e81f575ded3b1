from __future__ import annotations

import pytest
from django.db import transaction
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Order, SeatHold, Ticket
from orders.operations import confirm
from tests.factories import from_now, placed_order, seats_in_area
from ticketing.models import Seat


def sell(order, now):
    with transaction.atomic():
        confirm(order, by=None, at=now, reason="It was paid.")


def found(order):
    order = Order.objects.get(pk=order.pk)
    return order.status, set(order.holds.values_list("status", "seat__status"))


def test_a_sold_order_has_a_ticket_for_each_seat_with_the_names_of_its_place():
    seats = seats_in_area(3, name="Stalls")
    order, now = placed_order(seats), from_now()

    sell(order, now)

    assert found(order) == ("paid", {("confirmed", "sold")})
    assert Order.objects.get().paid_at == now
    for ticket, seat in zip(Ticket.objects.order_by("seat_id"), seats, strict=True):
        assert ticket.seat == seat
        assert str(ticket) == f"Stalls · {seat.row.label} · {seat.number}"
        assert ticket.price == seat.area.price
        assert ticket.event_title == order.event.title
        assert ticket.local(ticket.showing_starts_at) == order.showing.local(
            order.showing.starts_at
        )
        assert ticket.issued_at == now
        assert len(ticket.code) == 26
    assert Job.objects.filter(topic="orders.paid", payload={"order_id": order.pk}).count() == 1


def test_selling_leaves_other_orders_alone():
    order, other = placed_order(), placed_order()

    sell(order, from_now())

    assert found(other) == ("pending_payment", {("active", "held")})


@pytest.mark.parametrize(
    "break_it",
    [
        lambda order: Seat.objects.filter(pk=order.holds.first().seat_id).update(status="blocked"),
        lambda order: SeatHold.objects.filter(order=order).update(status="released"),
        lambda order: Order.objects.filter(pk=order.pk).update(status="expired"),
    ],
)
def test_what_is_not_as_it_has_to_be_is_not_sold_at_all(break_it):
    order = placed_order()
    break_it(order)
    before = found(order)

    with pytest.raises(RuntimeError, match="expected state"):
        sell(order, from_now())

    assert found(order) == before
    assert not Ticket.objects.exists()
    assert not StateLog.objects.filter(transition="pay").exists()
    assert not Job.objects.filter(topic="orders.paid").exists()
