"""What people see, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.product.buyer import two_seats

pytestmark = pytest.mark.browser


def test_a_person_pays_with_a_test_card_and_comes_back_to_the_tickets(page, buyer):
    order = buyer.order(two_seats(buyer))

    page.goto(buyer.pay_url(order))
    page.get_by_label("9704198526191432198").check()
    page.locator("button[type=submit]").first.click()

    expect(page.get_by_role("heading")).to_have_text("Paid. Your tickets are ready.")
    expect(page.get_by_text(order["code"])).to_be_visible()
    assert buyer.status(order) == "paid"


def test_a_person_who_cancels_reads_that_the_seats_are_still_held(page, buyer):
    order = buyer.order(two_seats(buyer))

    page.goto(buyer.pay_url(order))
    page.locator("button[name=cancel]").click()

    expect(page.get_by_role("heading")).to_have_text("The payment did not go through.")
    assert buyer.status(order) == "pending_payment"


def test_the_api_documentation_works_without_the_internet(page, product):
    page.goto(f"{product.url}/api/docs/")

    expect(page.get_by_text("Hold seats", exact=True)).to_be_visible()
    page.get_by_text("Hold seats", exact=True).click()
    expect(page.get_by_text("seats-unavailable").first).to_be_visible()


def test_the_accounts_api_is_described_without_asking_anybody_else(page, product):
    page.goto(f"{product.url}/_allauth/openapi.html")

    expect(page.get_by_text("/_allauth/{client}/v1/auth/signup").first).to_be_visible()


def test_an_admin_logs_in_and_sees_the_orders(page, product):
    page.goto(f"{product.url}/admin/orders/order/")
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_label("Password").fill("demo-tickets-2026")
    page.get_by_role("main").get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", name="order").first).to_be_visible()
    assert "/admin/orders/order/" in page.url


def test_an_admin_finds_a_member_of_an_organizer_by_the_whole_address(page, product):
    page.goto(f"{product.url}/accounts/login/?next=/admin/ticketing/organizer/add/")
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_label("Password").fill("demo-tickets-2026")
    page.get_by_role("main").get_by_role("button", name="Log in").click()

    page.locator(".select2-selection").click()
    page.keyboard.type("support@example.com")
    page.locator(".select2-results__option", has_text="support@example.com").click()

    expect(page.locator(".select2-selection__choice")).to_contain_text("support@example.com")
