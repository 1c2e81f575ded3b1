from __future__ import annotations

import pytest

from tests.factories import paid_order, placed_order


@pytest.fixture(autouse=True)
def _few_rights(few_rights: None) -> None:
    """All this is done with the servers' rights."""


@pytest.fixture
def me(client, customer):
    """A browser signed in as `customer`."""
    client.force_login(customer)
    return client


@pytest.fixture
def order(customer):
    return placed_order(customer=customer)


@pytest.fixture
def paid(customer):
    return paid_order(customer=customer)
