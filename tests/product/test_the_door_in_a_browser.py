"""The check-in page on a telephone: what its camera sees, and what a scanner types."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.product.axe import serious_problems
from tests.product.buyer import Buyer
from tests.product.conftest import chromium
from tests.product.door_world import TITLE
from tests.product.fake_camera import film_of, options

pytestmark = pytest.mark.browser

ORGANIZER = ("organizer@example.com", "demo-tickets-2026")


@pytest.fixture(scope="module")
def showing(product):
    made = product.run("-m", "tests.product.inside", "door_world")
    assert made.returncode == 0, made.stderr
    return int(made.stdout)


@pytest.fixture
def tickets(product, showing):
    """Of somebody who just bought two, with the drawing of the first one's code."""
    with closing(Buyer(product)) as buyer:
        seat_map = buyer.get(f"showings/{showing}/seats/")
        seats = [seat for area in seat_map["areas"] for seat in area["rows"][0]["seats"]]
        free = [number for number, _, status in seats if status == "available"]
        order = buyer.order({"showing": showing, "seats": free[:2]})
        bought = buyer.get(f"orders/{order['code']}/tickets/")
        drawing = buyer.http.get(f"tickets/{bought[0]['code']}/qr.svg").raise_for_status()
        bought[0]["drawing"] = drawing.text
        yield bought


@pytest.fixture
def browser(browser, tickets, tmp_path):
    """A Chromium whose camera sees the first ticket come and go."""
    film = tmp_path / "ticket.y4m"
    film_of(tickets[0]["drawing"], browser, film)
    seeing = browser.browser_type.launch(
        executable_path=chromium(), args=["--no-sandbox", *options(film)]
    )
    with seeing:
        yield seeing


@pytest.fixture
def page(new_page, product):
    """A telephone of the organizer's, at the list of doors."""
    page = new_page(viewport={"width": 390, "height": 844}, permissions=["camera"])
    page.goto(f"{product.url}/check-in/")
    email, password = ORGANIZER
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/check-in/")
    return page


def place(ticket):
    return f"Row {ticket['row']}, seat {ticket['number']}"


def check_page(page):
    assert serious_problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_camera_lets_a_ticket_in_once(page, tickets):
    check_page(page)
    page.get_by_role("link", name=TITLE).click()
    told = page.get_by_role("alert")
    expect(page.get_by_text("0 of 2 are in")).to_be_visible()
    check_page(page)

    page.get_by_role("button", name="Start the camera").click()
    expect(told.get_by_text("Come in")).to_be_visible(timeout=15_000)
    expect(told.get_by_text(place(tickets[0]))).to_be_visible()
    check_page(page)
    expect(told.get_by_text("Come in")).to_be_hidden()  # by itself: it is one person's green
    expect(page.get_by_text("1 of 2 are in")).to_be_visible()

    expect(told.get_by_text("Already in")).to_be_visible(timeout=15_000)
    expect(told.get_by_text("by organizer@example.com")).to_be_visible()
    check_page(page)
    expect(page.get_by_text("1 of 2 are in")).to_be_attached()
    told.get_by_role("button", name="Next").click()
    expect(page.get_by_role("listitem").filter(has_text=tickets[0]["code"][-4:])).to_have_text(
        [re.compile("Already in"), re.compile("Come in")]
    )


def test_a_scan_without_an_answer_lets_nobody_in_and_is_asked_again(page, tickets):
    page.get_by_role("link", name=TITLE).click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    told = page.get_by_role("alert")
    page.route("**/scan/", lambda route: (route.fetch(), route.abort()))  # the answer gets lost

    page.keyboard.type(tickets[1]["code"])  # a scanner does not look for the field first
    page.keyboard.press("Enter")
    expect(told.get_by_text("Not sent")).to_be_visible()
    expect(told.get_by_text("Let nobody in yet.")).to_be_visible()
    check_page(page)
    page.unroute("**/scan/")
    told.get_by_role("button", name="Try again").click()
    expect(told.get_by_text("Come in")).to_be_visible()

    page.keyboard.type(tickets[1]["code"])
    page.keyboard.press("Enter")
    expect(told.get_by_text("Already in")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.type("no ticket of ours")
    page.keyboard.press("Enter")
    expect(told.get_by_text("Not valid")).to_be_visible()
    check_page(page)
