"""An organizer at the drawn plan of the back office, and what customers see of it, in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.product.axe import serious_problems
from tests.product.test_pages_in_a_browser import SMALL, open_plan, showing_url

pytestmark = pytest.mark.browser

STEP = 7  # pixels; half a seat
INSIDE = 3  # pixels; what may be the gap between two seats


def open_house(page, product):
    """The plan of the small hall, as its organizer sees it."""
    showing = re.search(r"/showings/(\d+)/", showing_url(product, SMALL))[1]
    page.goto(f"{product.url}/admin/ticketing/showing/{showing}/seat-plan/")
    page.get_by_label("Email").fill("organizer@example.com")
    page.get_by_label("Password").fill("demo-tickets-2026")
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    expect(page.locator("#house-plan[data-ready]")).to_be_visible(timeout=20_000)
    return page.get_by_role("application", name="Seat plan")


def find(page, plan, place):
    """Where the mouse is over this place, which it looks for row by row."""
    box = plan.bounding_box()
    middle, tooltip = box["x"] + box["width"] / 2, page.locator(".tooltip")
    for y in range(int(box["y"]), int(box["y"] + box["height"]), STEP):
        page.mouse.move(middle, y)
        if place.rpartition(",")[0] not in (tooltip.text_content() or ""):
            continue
        for x in range(int(box["x"]), int(box["x"] + box["width"]), STEP):
            page.mouse.move(x, y)
            if tooltip.text_content().startswith(f"{place},"):
                return x + INSIDE, y + INSIDE
    raise AssertionError(f"{place} is nowhere on the plan")


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def test_a_dragged_rectangle_is_blocked_and_gone_for_customers(new_page, product):
    page, customer = new_page(viewport={"width": 1280, "height": 1000}), new_page()
    plan = open_house(page, product)
    start, end = (find(page, plan, f"Balcony, row {seat}") for seat in ("B, seat 5", "C, seat 8"))

    drag(page, start, end)
    expect(page.locator("#chosen-told")).to_have_text("8 free and 0 blocked seats are chosen.")
    assert serious_problems(page) == []
    page.locator("#chosen-form").get_by_label("Reason").fill("Seats for the press")
    page.get_by_role("button", name="Block (8)").click()

    expect(page.get_by_text("8 places are off sale.")).to_be_visible()
    expect(page.get_by_text("Seats for the press (Balcony: B 5–8, C 5–8)")).to_be_visible()
    open_plan(customer, product, SMALL)
    customer.get_by_role("button", name="List", exact=True).click()
    customer.locator("#seat-list").get_by_role("button", name="Balcony").click()
    row = customer.get_by_role("group", name="Row B")
    taken = row.locator("[type=checkbox]:disabled")
    expect(taken).to_have_count(4)
    expect(row.get_by_label("5 (blocked)")).to_be_disabled()
