"""One story in four browsers: bought on the plan, paid, asked back, decided, free again.

Somebody looks at the plan all the while and never loads it again. The customer reads Vietnamese,
the others English. The database is checked when the product of the tests stops.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.product.test_pages_in_a_browser import SMALL, open_plan, showing_url
from tests.sandbox_process import wait_until

pytestmark = pytest.mark.browser

PASSWORD = "demo-tickets-2026"
PAY_BACK = "refunds-pay_back"  # the message that has an approved refund sent
PRICE = 500_000  # of a seat on the balcony
TALL = {"width": 1280, "height": 1100}  # shows the whole plan, down to the balcony
PLACE = re.compile(r"^(Balcony), (?:hàng|row) (\w+), (?:ghế|seat) (\d+)")


def log_in(page, email, password=PASSWORD):
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator("[name=password]").press("Enter")


def choose_two_seats_of_the_balcony(page, plan):
    """Click until two are chosen: the first click may only come closer. Their names."""
    chosen = page.locator("#chosen li")
    for _ in range(4):
        point_at_a_free_seat(page, plan.bounding_box())
        page.mouse.down()
        page.mouse.up()
        if chosen.count() == 2:
            return [PLACE.match(text).groups() for text in chosen.all_inner_texts()]
    raise AssertionError("Four clicks have not chosen two seats.")


def point_at_a_free_seat(page, box):
    """Move the mouse over the plan, from below, until it names a free seat of the balcony."""
    tooltip = page.locator(".tooltip")
    for step in range(400):
        across, down = 0.4 + 0.01 * (step % 20), 0.98 - 0.02 * (step // 20)
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        told = (tooltip.text_content() or "") if tooltip.is_visible() else ""
        if PLACE.match(told) and told.endswith(", còn trống"):
            return
    raise AssertionError("The mouse found no free seat on the balcony.")


def said_of(page, place):
    """What the open plan says of a seat, reached with the keys as those who see nothing do."""
    area, row, number = place
    page.get_by_role("application", name="Seat plan").focus()
    page.keyboard.press("PageUp")
    press_until(page, "PageDown", f"{area}, ")
    press_until(page, "ArrowDown", f", row {row}, ")
    page.keyboard.press("Home")
    return press_until(page, "ArrowRight", f", seat {number}, ").rsplit(", ", 1)[1]


def press_until(page, key, part):
    """Press a key until the plan speaks of this part of a seat's name; the whole sentence."""
    spoken = page.locator("#spoken")
    for _ in range(40):
        if part in spoken.text_content():
            return spoken.text_content()
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {part!r}.")


def wait_for_the_plan_to_say(page, places, state):
    def all_say_so():
        return all(said_of(page, place) == state for place in places)

    wait_until(all_say_so, seconds=30, what=f"the open plan to say {state}")


def buy(page, product, customer):
    """From the plan over VNPay to the tickets; the seats, and the order's address."""
    plan = open_vietnamese_plan(page, product)
    places = choose_two_seats_of_the_balcony(page, plan)
    page.get_by_role("button", name="Đăng nhập và giữ các ghế này").click()
    log_in(page, customer.email, customer.password)
    page.get_by_role("button", name="Giữ các ghế này").click()
    page.wait_for_url("**/orders/*/")
    address = page.url
    page.get_by_role("button", name="qua VNPay").click()
    page.get_by_label("9704198526191432198").check()
    page.locator("button[type=submit]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Đã thanh toán. Vé của bạn đã sẵn sàng."
    )
    page.get_by_role("link", name="Xem vé của bạn").click()
    page.wait_for_url(address)
    return places, address


def open_vietnamese_plan(page, product):
    page.goto(showing_url(product, SMALL))
    expect(page.locator("#seat-plan[data-ready]")).to_be_visible(timeout=20_000)
    return page.get_by_role("application", name="Sơ đồ ghế")


def ask_for_a_refund(page):
    """Choose both tickets, read what goes back and why, and ask for it."""
    page.get_by_role("link", name="Trả lại vé").click()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Xem số tiền được hoàn").click()
    expect(page.get_by_text("80% của 1.000.000 VND là 800.000 VND.")).to_be_visible()
    page.get_by_role("button", name="Yêu cầu hoàn lại 800.000 VND").click()
    expect(page.locator(".refund .badge")).to_have_text("Chờ ban tổ chức")


def decide(page, decision, **answers):
    """Press the button of a decision, read what it will do, answer its questions."""
    page.get_by_role("link", name=decision, exact=True).click()
    for name, value in answers.items():
        field = page.locator(f"[name={name}]")
        field.select_option(value) if name == "percentage" else field.fill(value)
    page.get_by_role("button", name=decision, exact=True).click()
    expect(page.get_by_text(f"Done: {decision}.")).to_be_visible()


def deliver_late_message(product):
    messages = "/control/qstash/messages"
    wanted = {"label": PAY_BACK, "state": "pending"}
    [late] = product.stand_in.get(messages, params=wanted).json()["messages"]
    product.stand_in.post(f"{messages}/{late['id']}/deliver").raise_for_status()


def given_back(product, code):
    """What VNPay gave back of this order, in VND."""
    payments = product.stand_in.get("/control/transactions").json()["transactions"]
    refunds = [each["refunds"] for each in payments if code in each["order_info"]]
    return [each["amount"] // 100 for own in refunds for each in own if each["status"] == "00"]


def test_two_seats_are_bought_given_back_and_free_for_others(new_page, product, buyer):
    onlooker, customer = new_page(), new_page(locale="vi-VN", viewport=TALL)
    organizer, admin = new_page(), new_page()
    open_plan(onlooker, product, SMALL)
    onlooker.evaluate("() => { window.neverLoadedAgain = true; }")

    places, order = buy(customer, product, buyer)
    expect(customer.locator("img.qr")).to_have_count(2)
    wait_for_the_plan_to_say(onlooker, places, "sold")
    ask_for_a_refund(customer)

    # The queue is slow, so there is time to override before the money is sent.
    late = {"qstash_late_seconds": {"value": 3600, "times": 1}}
    product.stand_in.put(f"/control/weather/{PAY_BACK}", json=late)
    organizer.goto(f"{product.url}/admin/refunds/refund/?waiting=yes")
    log_in(organizer, "organizer@example.com")
    code = order.rstrip("/").rsplit("/", 1)[1]
    row = organizer.get_by_role("row").filter(has_text=code)
    row.get_by_role("link").first.click()
    decide(organizer, "Approve")
    expect(customer.locator(".refund .badge")).to_have_text("Đã duyệt", timeout=20_000)
    expect(customer.locator("img.qr")).to_have_count(0)

    admin.goto(organizer.url)
    log_in(admin, "admin@example.com")
    decide(admin, "Override the percentage", percentage="100", note="The hall was too loud.")
    expect(admin.get_by_text("1,000,000 VND").first).to_be_visible()
    assert given_back(product, code) == []
    deliver_late_message(product)

    expect(customer.locator(".refund .badge")).to_have_text("Đã hoàn tiền", timeout=40_000)
    expect(customer.locator(".refund")).to_contain_text("1.000.000 VND")
    assert given_back(product, code) == [2 * PRICE]
    assert buyer.get(f"orders/{code}/")["refunded_amount"] == "1000000.00"
    wait_for_the_plan_to_say(onlooker, places, "free")
    assert onlooker.evaluate("window.neverLoadedAgain")
