"""Customers with a browser: from the order to the tickets, and to the money back."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.product.axe import serious_problems
from tests.product.buyer import Buyer, two_seats
from tests.product.test_refunding import buy, two_seats_of_the_final

pytestmark = pytest.mark.browser

GOOD_CARD = "9704198526191432198"


def open_order(page, product, buyer, order):
    """Go to the order's page, which asks to log in first and leads back."""
    page.goto(f"{product.url}/orders/{order['code']}/")
    log_in(page, buyer)
    page.wait_for_url(f"**/orders/{order['code']}/")


def log_in(page, buyer):
    page.locator("[name=login]").fill(buyer.email)
    page.locator("[name=password]").fill(buyer.password)
    page.locator("[name=password]").press("Enter")


def pay(page):
    page.get_by_role("button", name=re.compile("with VNPay")).click()


def test_from_the_order_to_the_tickets(page, product, buyer):
    order = buyer.order(two_seats(buyer))
    open_order(page, product, buyer, order)
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^1[45]:\d\d$"))

    pay(page)
    page.get_by_label(GOOD_CARD).check()
    page.locator("button[type=submit]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Paid. Your tickets are ready.")
    expect(page.get_by_text(buyer.email)).to_be_visible()
    page.get_by_role("link", name="See your tickets").click()

    for ticket in buyer.get(f"orders/{order['code']}/tickets/"):
        expect(page.get_by_text(ticket["code"])).to_be_visible()
        code = page.get_by_alt_text(f"QR code of ticket {ticket['code']}")
        code.scroll_into_view_if_needed()
        expect(code).to_be_visible()
        page.wait_for_function("image => image.naturalWidth > 0", arg=code.element_handle())
    with page.expect_download() as saved:
        page.get_by_role("link", name="Add to calendar").click()
    assert saved.value.suggested_filename.endswith(".ics")


def test_a_failed_payment_is_followed_by_a_good_one(page, product, buyer):
    order = buyer.order(two_seats(buyer))
    open_order(page, product, buyer, order)

    pay(page)
    page.locator("button[name=cancel]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The payment did not go through.")
    expect(page.get_by_text(re.compile(r"held for 1[34] more minutes"))).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_text("The last attempt did not go through")).to_be_visible()
    pay(page)
    page.get_by_label(GOOD_CARD).check()
    page.locator("button[type=submit]").first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Paid. Your tickets are ready.")
    assert buyer.status(order) == "paid"


def test_the_page_shows_the_tickets_by_itself_once_the_money_is_there(page, product, buyer):
    order = buyer.order(two_seats(buyer))
    open_order(page, product, buyer, order)
    body = {"payment_url": buyer.pay_url(order), "outcome": "success"}

    product.stand_in.post("/control/pay", json=body)

    expect(page.get_by_role("heading", name="Your tickets")).to_be_visible(timeout=40_000)


def test_tickets_go_back_until_the_money_is_there(page, product, buyer):
    order, tickets = buy(product, buyer, two_seats_of_the_final(buyer))
    open_order(page, product, buyer, order)

    page.get_by_role("link", name="Give tickets back").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="See what goes back").click()
    expect(page.get_by_text(re.compile(r"^80 % of .* VND is .* VND\.$"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Ask for .* VND back$")).click()

    expect(page.get_by_text("Your refund is approved.")).to_be_visible()
    expect(page.get_by_alt_text(f"QR code of ticket {tickets[1]['code']}")).to_be_visible()
    expect(page.get_by_alt_text(f"QR code of ticket {tickets[0]['code']}")).to_have_count(0)
    for _ in range(30):
        if page.get_by_text("Paid back", exact=True).count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.get_by_text("Paid back", exact=True)).to_be_visible()
    expect(page.get_by_text("Refunded, not valid")).to_be_visible()


def test_without_javascript_the_same_works(new_page, product, buyer):
    page = new_page(java_script_enabled=False)
    order = buyer.order(two_seats(buyer))
    open_order(page, product, buyer, order)
    expect(page.get_by_text("Please pay by")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_count(0)

    page.get_by_text("I don't want these places any more").click()
    page.get_by_role("button", name="Cancel the order").click()

    expect(page.get_by_text("There are no tickets for this order.")).to_be_visible()
    expect(page.get_by_role("link", name="Choose places again")).to_be_visible()


def test_at_the_end_of_the_countdown_the_page_says_that_the_seats_are_gone(browser, new_product):
    product = new_product(ORDER_TTL_SECONDS="12")
    with closing(Buyer(product)) as buyer, closing(browser.new_context()) as context:
        page = context.new_page()
        order = buyer.order(two_seats(buyer))
        open_order(page, product, buyer, order)
        expect(page.get_by_role("timer")).to_have_text(re.compile(r"^00:\d\d$"))

        gone = page.get_by_text("There are no tickets for this order.")
        expect(gone).to_be_visible(timeout=40_000)
        expect(page.get_by_text("We received no payment by")).to_be_visible()


@pytest.fixture(scope="module")
def customer(product):
    """Somebody with an order in each state: the addresses of all pages that tell of them."""
    with closing(Buyer(product)) as buyer:
        failed = buyer.order(two_seats(buyer))
        ended = buyer.order(two_seats(buyer))
        late_link = buyer.pay_url(ended)
        buyer.http.post(f"orders/{ended['code']}/cancel/")
        paid, _ = buy(product, buyer, two_seats_of_the_final(buyer))
        buyer.addresses = {
            "my orders": "/orders/",
            "waiting": f"/orders/{failed['code']}/",
            "ended": f"/orders/{ended['code']}/",
            "paid": f"/orders/{paid['code']}/",
            "choosing what to give back": f"/orders/{paid['code']}/refund/",
            "back, failed": came_back(product, buyer.pay_url(failed), "insufficient"),
            "back, too late": came_back(product, late_link, "success"),
            "back, unreadable": "/payments/vnpay/return/?vnp_TxnRef=1",
        }
        yield buyer


def came_back(product, payment_url, outcome):
    body = {"payment_url": payment_url, "outcome": outcome}
    address = product.stand_in.post("/control/pay", json=body).json()["return_url"]
    return address.removeprefix(product.url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(new_page, product, customer, scheme):
    page = new_page(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page.goto(f"{product.url}/orders/")
    log_in(page, customer)
    page.wait_for_url("**/orders/")

    for name, address in customer.addresses.items():
        page.goto(f"{product.url}{address}")
        assert serious_problems(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page.goto(f"{product.url}{customer.addresses['choosing what to give back']}")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="See what goes back").click()
    assert serious_problems(page) == []
