"""Prices change for what nobody has yet; whoever holds or bought a place pays what was agreed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django_fsm_log.models import StateLog

from orders import operations
from orders.services import place_order
from tests.factories import (
    AreaFactory,
    CustomerFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.ticketing.event_states import event_in, new_member
from ticketing.errors import InvalidPrice, NotAllowed, PriceChanged, ShowingOver, WrongEventState
from ticketing.models import Area
from ticketing.prices import read_price
from ticketing.services import NewPrice, change_prices

REASON = "The first thousand are sold."


def change(*prices, by=None):
    """Each is an area with its new price."""
    showing = prices[0][0].showing
    return change_prices(
        showing_id=showing.pk,
        prices=[NewPrice(area.pk, Decimal(area.price), Decimal(new)) for area, new in prices],
        by=by or new_member(showing.event),
        reason=REASON,
    )


def price_of(area):
    return Area.objects.get(pk=area.pk).price


def log():
    return StateLog.objects.filter(content_type__model="showing")


def test_who_orders_afterwards_pays_the_new_price():
    [seat] = seats_in_area(1, price=500_000)

    change((seat.area, 650_000))

    order = place_order(customer=CustomerFactory(), showing=seat.showing, seat_ids=[seat.pk])
    assert order.total_amount == 650_000
    assert order.holds.get().price == 650_000


def test_what_is_held_or_sold_keeps_its_price():
    held, sold, _free = seats_in_area(3, price=500_000)
    pending, paid = placed_order([held]), paid_order([sold])

    change((held.area, 650_000))
    operations.confirm(pending, by=None, at=from_now(), reason="The test pays it.")

    for order in (pending, paid):
        order.refresh_from_db(fields=["total_amount"])
        assert order.total_amount == 500_000
        assert order.holds.get().price == order.tickets.get().price == 500_000


def test_who_changed_which_price_and_why_is_in_the_log():
    stalls = AreaFactory(name="Stalls", price=500_000)
    circle = AreaFactory(name="Circle", price=300_000, showing=stalls.showing)
    member = new_member(stalls.showing.event)

    change((circle, 0), (stalls, 650_000), by=member)

    assert (price_of(stalls), price_of(circle)) == (650_000, 0)
    entry = log().get()
    assert (entry.transition, entry.by) == ("change_prices", member)
    assert entry.description == (
        f"{REASON} (Stalls: 500,000 → 650,000 VND; Circle: 300,000 → 0 VND)"
    )


def test_a_price_that_somebody_else_has_changed_is_not_changed_over():
    stalls = AreaFactory(price=500_000)
    circle = AreaFactory(price=300_000, showing=stalls.showing)
    Area.objects.filter(pk=circle.pk).update(price=320_000)

    with pytest.raises(PriceChanged, match="320,000 VND"):
        change((stalls, 600_000), (circle, 400_000))

    assert (price_of(stalls), price_of(circle)) == (500_000, 320_000)
    assert not log().exists()


@pytest.mark.parametrize("price", ["4999", "1", "100000000", "500000.50", "-5000"])
def test_a_price_that_nobody_could_pay_is_refused(price):
    area = AreaFactory(price=500_000)

    with pytest.raises(InvalidPrice):
        change((area, price))

    assert price_of(area) == 500_000
    assert not log().exists()


@pytest.mark.parametrize(
    ("showing", "refusal"),
    [
        pytest.param(lambda: {"event": event_in("cancelled")}, WrongEventState, id="cancelled"),
        pytest.param(
            lambda: {"starts_at": from_now(days=-1), "ticket_sale_start": from_now(days=-9)},
            ShowingOver,
            id="past",
        ),
    ],
)
def test_where_nobody_can_go_any_more_prices_stay(showing, refusal):
    area = AreaFactory(showing=ShowingFactory(**showing()), price=500_000)

    with pytest.raises(refusal):
        change((area, 600_000))

    assert price_of(area) == 500_000


def test_a_member_of_another_organizer_changes_no_price():
    area = AreaFactory(price=500_000)

    with pytest.raises(NotAllowed):
        change((area, 600_000), by=new_member(event_in("published")))

    assert price_of(area) == 500_000


@pytest.mark.parametrize(
    ("typed", "price"),
    [("500000", 500_000), ("500,000", 500_000), ("1.500.000", 1_500_000), (" 5 000 ", 5_000),
     ("0", 0)],
)  # fmt: skip
def test_prices_are_read_as_people_type_them(typed, price):
    assert read_price(typed) == price


@pytest.mark.parametrize("typed", ["", "cheap", "500000.50", "5,00", "1,5", "-1", "５000", "4.999"])
def test_anything_else_is_no_price(typed):
    with pytest.raises(InvalidPrice):
        read_price(typed)
