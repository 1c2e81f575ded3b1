"""Every page that takes a form takes it from our own pages alone."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import resolve

from tests.access.addresses import addresses
from tests.access.table import LINES
from tests.access.test_whose_rows import stored

# What takes requests of other servers and programs, and what it believes instead of a form's token.
WITHOUT_A_FORM = {
    "/internal/jobs/": "QStash's signature",
    "/payments/vnpay/ipn/": "VNPay's signature, and no method but GET",
    "/api/": "an access token, which no browser sends by itself",
}


def pages():
    return [route for route in addresses() if not route.startswith(tuple(WITHOUT_A_FORM))]


def test_only_what_takes_no_form_is_exempt():
    exempt = [
        route
        for route in addresses()
        if "<" not in route
        and getattr(resolve(route).func, "csrf_exempt", False)
        and not route.startswith("/api/")
    ]

    assert sorted(exempt) == ["/internal/jobs/", "/payments/vnpay/ipn/"]


@pytest.mark.parametrize("who", ["owner", "member of A", "visitor"])
def test_no_page_takes_a_form_from_elsewhere(access, who):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = access.people[who].cookies
    before = stored()

    for route in pages():
        row = LINES[route].row if route in LINES else "order"
        values = {"provider_name": "vnpay", "txn_ref": "x"}
        address = access.address(route, row, **values)
        forged = browser.post(address, headers={"Origin": "https://evil.example"})
        assert forged.status_code in (403, 405), route
    assert stored() == before
