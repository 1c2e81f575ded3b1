"""What is photographed: one line for each picture. Add yours here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

from playwright.sync_api import FilePayload, Page, expect

VISITOR, CUSTOMER, ORGANIZER, ADMIN = "", "customer", "organizer", "admin"

DRAFT = "Vở kịch mới"  # an event's title
EVENTS = "/admin/ticketing/event/"

Steps = Callable[[Page], object]


@dataclass(frozen=True)
class Shot:
    """A page as one person sees it: `name` is the file's, `title` the caption.

    `address` may name places of the world in braces; `steps` are done there before the picture.
    """

    name: str
    title: str
    who: str
    address: str
    steps: Steps | None = None
    language: str = "en"


def plan_is_drawn(page: Page) -> None:
    expect(page.locator("#seat-plan[data-ready]")).to_be_visible(timeout=30_000)
    page.wait_for_function("performance.getEntriesByName('seat-plan-drawn').length")


def seats_are_chosen(page: Page) -> None:
    """Two in the middle of the hall, by keyboard."""
    plan_is_drawn(page)
    page.get_by_role("application").focus()
    for key in ["Home", *["ArrowDown"] * 6, *["ArrowRight"] * 8, "Enter", "ArrowRight", "Enter"]:
        page.keyboard.press(key)
    expect(page.locator("#chosen li")).to_have_count(2)
    page.mouse.click(1, 1)


def list_is_shown(page: Page) -> None:
    plan_is_drawn(page)
    page.locator("[data-show=list]").click()
    page.locator("#seat-list button.area").first.click()
    expect(page.locator("#seat-list .row").first).to_be_visible()
    page.locator("#seat-list [type=checkbox]:enabled").nth(3).check(force=True)


def one_more(page: Page) -> None:
    page.locator("[data-step='1']").first.click()


def first_ticket(page: Page) -> None:
    page.get_by_role("checkbox").first.check()


def quote(page: Page) -> None:
    first_ticket(page)
    page.locator("main form button.whole").click()
    expect(page.locator(".big-amount")).to_be_visible()


def open_first(text: str = "") -> Steps:
    """Open the first row of a list, or the first that says this."""

    def steps(page: Page) -> None:
        rows = page.locator("#result_list tbody tr").filter(has_text=text)
        rows.locator("th a, td a").first.click()
        page.wait_for_load_state()

    return steps


def follow(page: Page, link: str) -> None:
    """Open what a link leads to, although it may lie in a menu that is closed."""
    address = page.locator("a").filter(has_text=link).first.get_attribute("href")
    page.goto(urljoin(page.url, address))


def press(button: str, row: str = "") -> Steps:
    """The page behind a button of the first row that says this."""

    def steps(page: Page) -> None:
        open_first(row)(page)
        follow(page, button)

    return steps


def to_areas(page: Page) -> None:
    """From the list of events over the draft to the areas of its showing."""
    open_first(DRAFT)(page)
    follow(page, "Areas and seats")


def plan_is_sent(page: Page) -> None:
    """A file with two areas, as the page shows them before anything is made."""
    to_areas(page)
    follow(page, "Send a plan")
    rows = [("Gallery", row, 500_000, 14) for row in "ABCDE"]
    rows += [("Boxes", row, 900_000, 6) for row in "ST"]
    seats = [
        f"{a},{row},{n},{price},\n" for a, row, price, last in rows for n in range(1, last + 1)
    ]
    text = "".join(["area,row,seat,price,blocked\n", *seats])
    file: FilePayload = {"name": "plan.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("[name=plan]").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    page.wait_for_load_state()


def ticket_is_read(page: Page) -> None:
    """The code of the address's fragment, typed at the door."""
    page.locator("#code").fill(page.url.partition("#")[2])
    page.locator("#typing button").click()
    expect(page.locator(".outcome.in").first).to_be_visible()


SHOTS = [
    Shot("events", "All events", VISITOR, "/"),
    Shot("events-vi", "All events, in Vietnamese", VISITOR, "/", language="vi"),
    Shot("event", "An event", VISITOR, "/events/dem-nhac-trinh/"),
    Shot("plan", "Choosing seats on the plan", VISITOR, "/showings/{concert}/", seats_are_chosen),
    Shot("plan-large", "A house of 46,000", VISITOR, "/showings/{final}/", plan_is_drawn),
    Shot("list", "The same as a list", VISITOR, "/showings/{concert}/", list_is_shown),
    Shot("standing", "Standing places", VISITOR, "/showings/{fair}/", one_more),
    Shot("log-in", "The log-in", VISITOR, "/accounts/login/"),
    Shot("sign-up", "A new account", VISITOR, "/accounts/signup/"),
    Shot("order-waiting", "Time to pay", CUSTOMER, "/orders/{waiting}/"),
    Shot("vnpay", "VNPay's stand-in", CUSTOMER, "{vnpay}"),
    Shot("back-paid", "Back from VNPay", CUSTOMER, "{paid_return}"),
    Shot("back-failed", "Back from VNPay, not paid", CUSTOMER, "{failed_return}"),
    Shot("back-late", "Back from VNPay, too late", CUSTOMER, "{late_return}"),
    Shot("tickets", "The tickets", CUSTOMER, "/orders/{paid}/"),
    Shot("tickets-vi", "The tickets, in Vietnamese", CUSTOMER, "/orders/{paid}/", language="vi"),
    Shot("refund-choice", "Giving tickets back", CUSTOMER, "/orders/{paid}/refund/", first_ticket),
    Shot("refund-quote", "What goes back, and why", CUSTOMER, "/orders/{paid}/refund/", quote),
    Shot("refund-waiting", "A refund that waits", CUSTOMER, "/orders/{asked}/"),
    Shot("refund-back", "A refund that is paid", CUSTOMER, "/orders/{back}/"),
    Shot("order-late", "Money that came too late", CUSTOMER, "/orders/{late}/"),
    Shot("my-orders", "My orders", CUSTOMER, "/orders/"),
    Shot("doors", "The doors", ORGANIZER, "/check-in/"),
    Shot("door", "At the door", ORGANIZER, "/check-in/{fair}/#{ticket}", ticket_is_read),
    Shot("office-home", "The back office", ADMIN, "/admin/"),
    Shot("office-home-organizer", "An organizer's back office", ORGANIZER, "/admin/"),
    Shot("office-events", "Events", ORGANIZER, "/admin/ticketing/event/"),
    Shot("office-event", "An event", ADMIN, "/admin/ticketing/event/", open_first("Trịnh")),
    Shot("office-new-event", "A new event", ORGANIZER, f"{EVENTS}add/"),
    Shot("office-draft", "A draft, and what comes next", ORGANIZER, EVENTS, open_first(DRAFT)),
    Shot("office-areas", "Its areas", ORGANIZER, EVENTS, to_areas),
    Shot("office-file", "Seats from a file", ORGANIZER, EVENTS, plan_is_sent),
    Shot("office-publish", "Ready?", ORGANIZER, EVENTS, press("Check and publish", DRAFT)),
    Shot("office-plan", "Seats", ORGANIZER, "/admin/ticketing/showing/{concert}/seat-plan/"),
    Shot("office-orders", "Orders", ORGANIZER, "/admin/orders/order/"),
    Shot("office-order", "An order", ADMIN, "/admin/orders/order/?q={asked}", open_first()),
    Shot(
        "office-timeline", "The story of an order", ADMIN, "/admin/orders/order/?q={back}",
        press("Timeline"),
    ),
    Shot("office-refunds", "The refund desk", ORGANIZER, "/admin/refunds/refund/?waiting=yes"),
    Shot("office-refund", "A refund", ORGANIZER, "/admin/refunds/refund/?q={asked}", open_first()),
    Shot(
        "office-override", "An override", ADMIN, "/admin/refunds/refund/?q={asked}",
        press("Override the percentage"),
    ),
    Shot(
        "office-refund-failed", "A refund that the provider refused", ADMIN,
        "/admin/refunds/refund/?status__exact=payment_failed", open_first(),
    ),
    Shot("office-cases", "Payment cases", ADMIN, "/admin/payments/paymentcase/"),
    Shot("office-case", "A case", ADMIN, "/admin/payments/paymentcase/", open_first("another")),
    Shot(
        "office-campaign", "A campaign's dry run", ADMIN,
        "/admin/refunds/refundcampaign/?status__exact=draft", open_first(),
    ),
    Shot("office-jobs", "Jobs", ADMIN, "/admin/jobs/job/"),
    Shot("office-log", "Who did what", ADMIN, "/admin/ticketing/logrow/"),
    Shot("api", "The API's documentation", VISITOR, "/api/docs/"),
]  # fmt: skip
