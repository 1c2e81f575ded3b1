from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.back_office.refund_rows import asked, asked_after_postponing, bought, failed, own_event
from tests.back_office.world import World, browser_of, world
from tests.factories import OrganizerFactory, where_it_is_midday


@pytest.fixture(autouse=True)
def _few_rights(few_rights: None) -> None:
    """All this is done with the servers' rights."""


@pytest.fixture
def midday(settings) -> None:
    """Where the business is: so what happens in a test happens on one day."""
    settings.BUSINESS_TIME_ZONE = where_it_is_midday()


@pytest.fixture
def here() -> World:
    """Two organizers that sell, each with a refund to decide and an open case."""
    return world()


@pytest.fixture
def boss() -> Client:
    """A platform admin's browser."""
    return browser_of(User.objects.create_superuser("boss", "boss@example.org"))


@pytest.fixture
def second_boss() -> Client:
    """The browser of another platform admin."""
    return browser_of(User.objects.create_superuser("second", "second@example.org"))


@pytest.fixture
def member() -> Client:
    """The browser of a member of an organizer, who may view everything that there is."""
    user = User.objects.create_user("member", "member@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    OrganizerFactory().members.add(user)
    return browser_of(user)


@pytest.fixture
def stranger() -> Client:
    """The browser of a member of another organizer, who may view everything that there is."""
    user = User.objects.create_user("stranger", "stranger@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    OrganizerFactory().members.add(user)
    return browser_of(user)


@pytest.fixture
def buyer() -> Client:
    """The browser of a customer, who is no staff."""
    return browser_of(User.objects.create_user("buyer", "buyer@example.org"))


@pytest.fixture
def order(member):
    """Paid, with two tickets of 500,000 VND, for an event of the member's organizer."""
    return bought(own_event(member, title="Own event"))


@pytest.fixture
def personal(order):
    """It waits for the organizer: 800,000 of 1,000,000."""
    return asked(order)


@pytest.fixture
def postponed(order):
    """It waits for the platform: 900,000."""
    return asked_after_postponing(order)


@pytest.fixture
def unpaid(personal):
    """The provider did not say what became of it: 800,000."""
    return failed(
        personal,
        provider_code="99",
        provider_message="Sorry, try later",
        provider_answer={"vnp_ResponseCode": "99", "vnp_ResponseId": "abc123"},
    )
