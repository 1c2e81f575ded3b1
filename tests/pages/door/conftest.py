from __future__ import annotations

import pytest

from tests.back_office.world import browser_of
from tests.factories import ShowingFactory, from_now, paid_order, seats_in_area, where_it_is_midday
from tests.ticketing.event_states import new_member


@pytest.fixture
def tonight():
    return ShowingFactory(
        starts_at=from_now(hours=1),
        event__title="Đêm nhạc Trịnh",
        time_zone=where_it_is_midday(),
    )


@pytest.fixture
def order(tonight):
    return paid_order(seats_in_area(2, showing=tonight, name="Stalls"))


@pytest.fixture
def ticket(order):
    return order.tickets.order_by("pk").first()


@pytest.fixture
def usher(tonight):
    """The browser of a member of the organizer."""
    return browser_of(new_member(tonight.event))
