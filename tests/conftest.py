from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import translation
from hypothesis import settings as cases
from rest_framework.test import APIClient

from tests.factories import CustomerFactory
from tests.our_vnpay import running_stand_in
from tests.sandbox_process import SandboxProcess

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


@pytest.fixture(scope="session")
def _serving_role(django_db_setup: None, django_db_blocker: Any) -> str:
    """The account of web, relay and sweep in the tests' database."""
    with django_db_blocker.unblock():
        call_command("grant_rights", to="shop", verbosity=0)
    return "shop"


@pytest.fixture
def few_rights(request: pytest.FixtureRequest, _serving_role: str, _database: None) -> None:
    """The test may do with the database what the servers may: see `ticketing/rights.py`.

    But for one with the mark `owner`, and those that need no database or several connections.
    """
    if connection.in_atomic_block and not request.node.get_closest_marker("owner"):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {_serving_role}")


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> None:
    """Counters in the cache and a request's language outlive the database's rollback."""
    cache.clear()
    translation.activate("en")


@pytest.fixture(autouse=True)
def _mails_stay_here(settings) -> None:
    """Workers deliver queued mails to `mailoutbox`, as Django's test runner does with others."""
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(scope="session")
def _stand_in() -> Iterator[SandboxProcess]:
    """What tests of payments and refunds pay at; `use` has our settings name it."""
    with running_stand_in(SANDBOX_REFUND_SECONDS="0.3") as process:
        yield process


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
