"""Visitors of one address may call so often together; customers have limits of their own."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from tests.factories import ShowingFactory
from tests.tokens import token_of
from ticketing.api.throttling import MINUTE

HOME, ELSEWHERE = "203.113.128.7", "203.113.128.8"
BEGINS = time.time() // MINUTE * MINUTE
EVENTS = "/api/v1/events/"


@pytest.fixture(autouse=True)
def _low(settings, monkeypatch):
    """Three reads and one change a minute, in a minute that does not end."""
    settings.ADDRESS_READS_PER_MINUTE, settings.ADDRESS_CHANGES_PER_MINUTE = 3, 1
    monkeypatch.setattr("time.time", lambda: BEGINS)


def statuses(path, *addresses, client=None):
    client = client or Client()
    return [client.get(path, REMOTE_ADDR=address).status_code for address in addresses]


def test_the_api_tells_visitors_of_a_busy_address_to_wait():
    assert statuses(EVENTS, HOME, HOME, HOME) == [200, 200, 200]

    refused = Client().get(EVENTS, REMOTE_ADDR=HOME)

    assert refused.status_code == 429
    assert refused.json()["code"] == "throttled"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["Retry-After"] == "60"
    assert statuses(EVENTS, ELSEWHERE) == [200]


def test_pages_and_api_are_counted_together_and_a_page_says_so(client):
    showing = ShowingFactory()
    assert statuses("/", HOME) == statuses(EVENTS, HOME) == [200]
    assert statuses(f"/events/{showing.event.slug}/", HOME) == [200]

    refused = client.get(f"/showings/{showing.pk}/", REMOTE_ADDR=HOME)

    assert refused.status_code == 429
    assert "Too many requests." in refused.content.decode()
    assert refused.headers["Retry-After"] == "60"


def test_changes_are_counted_apart(client):
    address = f"/showings/{ShowingFactory().pk}/"
    assert statuses(EVENTS, HOME) == [200]

    answers = [client.post(address, REMOTE_ADDR=HOME).status_code for _ in range(2)]

    assert answers == [302, 429]
    assert statuses(EVENTS, HOME) == [200]


def test_the_next_minute_begins_anew(monkeypatch):
    assert statuses(EVENTS, *[HOME] * 4)[-1] == 429

    monkeypatch.setattr("time.time", lambda: BEGINS + MINUTE)

    assert statuses(EVENTS, HOME) == [200]


def test_customers_have_their_own_limit_wherever_they_are(customer):
    statuses(EVENTS, *[HOME] * 4)
    browser = Client()
    browser.force_login(customer)
    program = Client(headers={"Authorization": f"Bearer {token_of(customer)}"})

    assert statuses("/orders/", *[HOME] * 5, client=browser) == [200] * 5
    assert statuses("/api/v1/orders/", *[HOME] * 5, client=program) == [200] * 5


def test_all_addresses_of_one_ipv6_connection_count_as_one():
    answers = statuses(EVENTS, *(f"2402:800:1:1::{number}" for number in range(4)))

    assert answers == [200, 200, 200, 429]
    assert statuses(EVENTS, "2402:800:1:2::1") == [200]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.2", "172.18.0.5", "fd00::1", ""])
def test_a_proxy_that_nobody_named_is_not_taken_for_one_visitor(address):
    assert statuses(EVENTS, *[address] * 5) == [200] * 5


def test_a_refusal_costs_no_statement(django_assert_num_queries):
    statuses(EVENTS, *[HOME] * 3)

    with django_assert_num_queries(0):
        assert statuses(EVENTS, HOME) == statuses("/", HOME) == [429]
