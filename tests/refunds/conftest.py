from __future__ import annotations

import pytest

from tests.factories import (
    CustomerFactory,
    OrganizerFactory,
    paid_order,
    seats_in_area,
    showing_with_sale_end,
)


@pytest.fixture
def showing():
    """Its sale ends in ten days: 80 % go back for a personal reason."""
    return showing_with_sale_end(days=10)


@pytest.fixture
def order(customer, showing):
    """Paid, with three tickets of 500,000 VND."""
    return paid_order(seats_in_area(3, showing=showing), customer=customer)


@pytest.fixture
def tickets(order):
    return list(order.tickets.order_by("pk"))


@pytest.fixture
def organizer(order):
    """A member of the organizer whose event it is."""
    member = CustomerFactory(is_staff=True)
    order.event.organizer.members.add(member)
    return member


@pytest.fixture
def stranger(order):
    """A member of another organizer."""
    member = CustomerFactory(is_staff=True)
    OrganizerFactory().members.add(member)
    return member


@pytest.fixture
def admin():
    return CustomerFactory(is_staff=True, is_superuser=True)
