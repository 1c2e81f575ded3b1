"""Customers' pages in a real Chromium: by mouse, by keyboard, without JavaScript."""

from __future__ import annotations

import re
import statistics
import sys
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.product.axe import serious_problems
from tests.product.buyer import Buyer

pytestmark = pytest.mark.browser

SMALL, LARGE, FREE = "dem-nhac-trinh", "chung-ket-cup-quoc-gia", "hoi-sach-mua-thu"
ORDER_URL = re.compile(r"/orders/([A-Z0-9]{12})/$")
LIVE_MILLISECONDS = 15_000
FRAMES = """() => new Promise((resolve) => {
    const times = [];
    const note = (now) => {
        times.push(now);
        if (window.enough) resolve(times.slice(1).map((time, n) => time - times[n]));
        else requestAnimationFrame(note);
    };
    window.enough = false;
    window.frames_ = new Promise((done) => requestAnimationFrame((now) => { note(now); done(); }));
})"""


def showing_url(product, slug):
    [showing] = product.http.get(f"/api/v1/events/{slug}/").json()["showings"]
    return f"{product.url}/showings/{showing['id']}/"


def open_plan(page, product, slug):
    page.goto(showing_url(product, slug))
    expect(page.locator("#seat-plan[data-ready]")).to_be_visible(timeout=20_000)
    return page.get_by_role("application", name="Seat plan")


def log_in(page, buyer):
    page.get_by_label("Email").fill(buyer.email)
    page.get_by_label("Password", exact=True).fill(buyer.password)
    page.get_by_role("main").get_by_role("button", name="Log in").click()


def chosen(page):
    return page.locator("#chosen li")


def click_a_free_seat(page, plan):
    """Move the mouse over the plan until a free seat is named, and click it."""
    box = plan.bounding_box()
    for step in range(60):
        x = box["x"] + box["width"] * (0.35 + 0.005 * step)
        page.mouse.move(x, box["y"] + box["height"] * 0.3)
        tooltip = page.locator(".tooltip")
        if tooltip.is_visible() and tooltip.text_content().endswith(", free"):
            page.mouse.click(x, box["y"] + box["height"] * 0.3)
            return
    raise AssertionError("no free seat under the mouse")


def order_of(page, buyer):
    expect(page).to_have_url(ORDER_URL)
    return buyer.get(f"orders/{ORDER_URL.search(page.url)[1]}/")


def test_a_seat_by_keyboard_and_one_by_click_are_held_after_logging_in(page, product, buyer):
    plan = open_plan(page, product, SMALL)
    plan.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#spoken")).to_contain_text("Stalls, row A, seat")
    page.keyboard.press("Enter")
    expect(page.locator("#spoken")).to_contain_text("1 in all, 1,500,000 VND.")
    click_a_free_seat(page, plan)
    expect(chosen(page)).to_have_count(2)

    page.get_by_role("button", name="Log in and hold these seats").click()
    log_in(page, buyer)
    expect(chosen(page)).to_have_count(2)
    page.get_by_role("button", name="Hold these seats").click()

    order = order_of(page, buyer)
    assert order["status"] == "pending_payment"
    assert len(order["seats"]) == 2


def test_what_is_chosen_can_be_removed_again_and_is_limited(page, product):
    plan = open_plan(page, product, SMALL)
    plan.focus()
    for _ in range(14):  # other tests may hold some of them
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")

    expect(chosen(page)).to_have_count(10)
    expect(page.get_by_role("alert")).to_contain_text("One order can hold 10 tickets.")
    page.get_by_role("button", name="Remove").first.click()
    expect(chosen(page)).to_have_count(9)
    expect(page.locator("#total")).to_have_text("13,500,000 VND")


def test_the_choice_is_the_same_in_plan_and_list(page, product):
    plan = open_plan(page, product, SMALL)
    plan.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="List", exact=True).click()
    page.locator("#seat-list").get_by_role("button", name="Stalls").click()

    expect(page.locator("#seat-list")).to_be_visible()
    expect(page.locator("#seat-list [type=checkbox]:checked")).to_have_count(1)
    page.locator("#seat-list [type=checkbox]:enabled:not(:checked)").first.check(force=True)
    expect(chosen(page)).to_have_count(2)
    page.locator("#seat-list [type=checkbox]:checked").first.uncheck(force=True)
    expect(chosen(page)).to_have_count(1)


def test_what_is_ticked_before_the_plan_has_come_is_chosen(page, product):
    open_plan(page, product, SMALL)
    page.get_by_role("button", name="List", exact=True).click()
    plans = []
    page.route("**/api/v1/showings/*/seats/", lambda route: plans.append(route))
    with page.expect_request("**/api/v1/showings/*/seats/"):
        page.locator("#seat-list").get_by_role("button", name="Stalls").click()
    page.locator("#seat-list [type=checkbox]:enabled").first.check(force=True)
    expect(chosen(page)).to_have_count(0)

    plans[0].continue_()

    expect(page.locator("#seat-plan[data-ready]")).to_be_attached(timeout=20_000)
    expect(chosen(page)).to_have_count(1)
    expect(page.locator("#total")).to_have_text("1,500,000 VND")


def test_standing_places_are_counted_and_held(new_page, product, buyer):
    page, onlooker = new_page(), new_page()
    onlooker.goto(showing_url(product, FREE))
    left = onlooker.locator("[data-left]")
    before = int(left.text_content().split()[0])
    page.goto(showing_url(product, FREE))
    page.get_by_role("button", name="One ticket more").click()
    expect(page.get_by_label("Tickets", exact=True)).to_have_value("2")

    page.get_by_role("button", name="Log in and hold these places").click()
    log_in(page, buyer)
    expect(page.get_by_label("Tickets", exact=True)).to_have_value("2")
    page.get_by_role("button", name="Hold these places").click()

    order = order_of(page, buyer)
    assert order["status"] == "paid"  # it was free
    assert len(order["seats"]) == 2
    expect(left).to_have_text(f"{before - 2} left.", timeout=LIVE_MILLISECONDS)


def test_without_javascript_seats_are_ticked_in_a_list(new_page, product, buyer):
    page = new_page(java_script_enabled=False)
    page.goto(f"{product.url}/")
    page.get_by_role("link", name="Chung kết Cúp Quốc gia").click()
    page.get_by_role("link", name="Choose places").click()
    page.get_by_role("button", name="Stand C").click()
    page.get_by_role("button", name="Row 7", exact=False).first.click()
    for seat in ("11", "12"):
        page.get_by_role("group", name="Row 7").get_by_label(seat, exact=True).check(force=True)
    page.get_by_role("button", name="Stand D").click()
    expect(chosen(page)).to_have_count(2)

    page.get_by_role("button", name="Log in and hold these seats").click()
    log_in(page, buyer)
    page.get_by_role("button", name="Hold these seats").click()

    order = order_of(page, buyer)
    assert [(seat["row"], seat["number"]) for seat in order["seats"]] == [("7", "11"), ("7", "12")]


def test_a_seat_that_somebody_else_takes_leaves_the_choice_by_itself(new_page, product, buyer):
    slow, quick = new_page(), new_page()
    for page in (slow, quick):
        open_plan(page, product, SMALL).focus()
        page.keyboard.press("PageDown")  # the circle, where no other test buys
        page.keyboard.press("Enter")
        expect(chosen(page)).to_have_count(1)

    quick.get_by_role("button", name="Log in and hold these seats").click()
    log_in(quick, buyer)
    quick.get_by_role("button", name="Hold these seats").click()
    order_of(quick, buyer)

    told = slow.get_by_role("alert")
    expect(told).to_contain_text("Somebody else has taken Circle", timeout=LIVE_MILLISECONDS)
    expect(chosen(slow)).to_have_count(0)
    slow.get_by_role("application").focus()
    slow.keyboard.press("ArrowRight")
    slow.keyboard.press("ArrowLeft")
    expect(slow.locator("#spoken")).to_contain_text("held by somebody")


def drag(page, box):
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(middle[0] - 3 * step, middle[1] + 2 * step)
    page.mouse.up()


def frame_times(page, box):
    page.evaluate("() => { window.measured = (" + FRAMES + ")(); }")
    drag(page, box)
    return page.evaluate("() => { window.enough = true; return window.measured; }")


def test_fifty_thousand_places_are_drawn_and_moved_smoothly(page, product, capsys):
    plan = open_plan(page, product, LARGE)
    page.wait_for_function("performance.getEntriesByName('seat-plan-drawn').length")
    entry = "performance.getEntriesByName('seat-plan-drawn')[0].startTime"
    figures = {"first draw after": page.evaluate(entry)}
    box = plan.bounding_box()
    medians = []
    for name, presses in (("whole house", 0), ("most seats", 4), ("numbers", 3)):
        for _ in range(presses):
            page.get_by_role("button", name="Zoom in").click()
        times = frame_times(page, box)
        medians.append(statistics.median(times))
        figures[f"{name}: median frame"] = medians[-1]
        figures[f"{name}: slowest frame"] = max(times)
    with capsys.disabled():
        told = [f"  {name}: {milliseconds:.1f} ms" for name, milliseconds in figures.items()]
        sys.stdout.write("\n" + "\n".join(told) + "\n")

    assert figures["first draw after"] < 8_000
    assert max(medians) < 50


PAGES = {
    "events": "/",
    "event": f"/events/{SMALL}/",
    "cancelled event": "/events/le-hoi-bien/",
    "log in": "/accounts/login/",
    "sign up": "/accounts/signup/",
    "forgotten password": "/accounts/password/reset/",
    "nothing here": "/nowhere/",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing_serious(new_page, product, path, scheme):
    page = new_page(color_scheme=scheme)
    page.goto(f"{product.url}{path}")

    assert serious_problems(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("slug", [SMALL, LARGE, FREE])
def test_axe_finds_nothing_serious_where_places_are_chosen(new_page, product, slug, scheme):
    page = new_page(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page.goto(showing_url(product, slug))
    if slug != FREE:
        open_plan(page, product, slug).focus()
        page.keyboard.press("Enter")
        expect(chosen(page)).to_have_count(1)

    assert serious_problems(page) == []
    if slug == SMALL:
        page.get_by_role("button", name="List", exact=True).click()
        page.locator("#seat-list").get_by_role("button", name="Stalls").click()
        expect(page.locator("#seat-list")).to_be_visible()
        assert serious_problems(page) == []


def test_axe_finds_nothing_serious_in_a_refusal(page, product):
    with closing(Buyer(product)) as buyer:
        page.goto(f"{product.url}/accounts/login/")
        log_in(page, buyer)
        expect(page.get_by_role("link", name="My orders")).to_be_visible()
        open_plan(page, product, SMALL)
        page.get_by_role("button", name="Hold these seats").click()

        expect(page.get_by_text("Nothing is chosen yet.")).to_be_visible()
        assert serious_problems(page) == []
        for path in ("/accounts/sessions/", "/accounts/logout/"):
            page.goto(f"{product.url}{path}")
            assert serious_problems(page) == [], path
