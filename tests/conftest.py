from __future__ import annotations

import os

import pytest
from django.core.cache import cache
from django.utils import translation
from hypothesis import settings as cases
from rest_framework.test import APIClient

from tests.factories import CustomerFactory

# The same cases each time, so that a change is refused for its own faults only; a long run of the
# models tries others.
cases.register_profile("usual", derandomize="MODEL_EXAMPLES" not in os.environ)
cases.load_profile("usual")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what runs the whole product: it takes longest, and mostly waits."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/product/"))


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Every test may use the database; it is rolled back afterwards."""


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> None:
    """Counters in the cache and a request's language outlive the database's rollback."""
    cache.clear()
    translation.activate("en")


@pytest.fixture(autouse=True)
def _mails_stay_here(settings) -> None:
    """Workers deliver queued mails to `mailoutbox`, as Django's test runner does with others."""
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def customer():
    return CustomerFactory()


@pytest.fixture
def api(customer) -> APIClient:
    """A client signed in as `customer`."""
    client = APIClient()
    client.force_authenticate(customer)
    return client


@pytest.fixture
def visitor() -> APIClient:
    """A client that is not signed in."""
    return APIClient()
