from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.factories import OrganizerFactory


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.user = user
    return client


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
