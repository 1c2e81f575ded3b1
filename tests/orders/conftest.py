from __future__ import annotations

import pytest

from tests.factories import EventFactory, ShowingFactory


@pytest.fixture
def event():
    """Published, and its tickets are on sale."""
    return EventFactory()


@pytest.fixture
def showing(event):
    return ShowingFactory(event=event)


@pytest.fixture
def server(settings):
    """Takes mails, unless it is down."""

    class Server:
        def go_down(self):
            settings.MAIL_DELIVERY_BACKEND = "tests.jobs.test_mail.Unreachable"

        def come_back(self):
            settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    return Server()
