"""Prices change while somebody chooses: what the page showed is what is held, or it says so."""

from __future__ import annotations

import re
import uuid

import pytest

from orders.models import Order
from tests.factories import seats_in_area
from ticketing.models import Area


def page(showing):
    return f"/showings/{showing.pk}/"


def shown(answer):
    return re.search(r'name="prices" value="([^"]*)"', answer.content.decode())[1]


def raise_price(area):
    Area.objects.filter(pk=area.pk).update(price=650_000)


@pytest.fixture(params=[False, True], ids=["seats", "a field"])
def wish(request):
    """What is chosen, and its area at 500,000 VND."""
    seats = seats_in_area(2, price=500_000, general_admission=request.param)
    area = seats[0].area
    return area, {"area": area.pk, "quantity": 1} if request.param else {"seats": seats[0].pk}


def test_what_became_dearer_is_not_held_before_its_new_price_was_shown(me, wish):
    area, chosen = wish
    before = shown(me.get(page(area.showing)))
    raise_price(area)

    refused = me.post(page(area.showing), {**chosen, "prices": before, "key": str(uuid.uuid4())})

    assert refused.status_code == 409
    assert "The price has changed meanwhile." in refused.content.decode()
    assert f"{area.name} costs 650,000 VND by now." in refused.content.decode()
    assert not Order.objects.exists()

    again = {**chosen, "prices": shown(refused), "key": str(uuid.uuid4())}
    assert me.post(page(area.showing), again).status_code == 303
    assert Order.objects.get().total_amount == 650_000


def test_a_choice_survives_the_news_of_another_price(me):
    seats = seats_in_area(2, price=500_000)
    before = shown(me.get(page(seats[0].showing)))
    raise_price(seats[0].area)

    refused = me.post(page(seats[0].showing), {"seats": seats[0].pk, "prices": before})

    assert f'value="{seats[0].pk}" checked' in refused.content.decode()


def test_an_unchanged_price_is_in_nobodys_way(me, wish):
    area, chosen = wish
    before = shown(me.get(page(area.showing)))

    assert me.post(page(area.showing), {**chosen, "prices": before}).status_code == 303


@pytest.mark.parametrize("prices", ["", "nonsense", "1:", ":::"])
def test_prices_that_say_nothing_refuse_nothing(me, prices):
    [seat] = seats_in_area(1, price=500_000)
    given = {"seats": seat.pk, "prices": prices.replace("1", "0")}

    assert me.post(page(seat.showing), given).status_code == 303
