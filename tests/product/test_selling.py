"""The main job, from outside: sign up, choose, pay, hold tickets; and seats that come back."""

from __future__ import annotations

import io
import re
import uuid

import httpx
import pytest
from pypdf import PdfReader

from tests.product.running import RunningProduct
from tests.sandbox_process import wait_until

AUTH = "/_allauth/app/v1/auth"


class Buyer:
    """A customer who just signed up, verified the address and logged in."""

    def __init__(self, product: RunningProduct) -> None:
        self.product = product
        self.email = f"{uuid.uuid4().hex[:10]}@example.org"
        password = "a-long-and-quiet-night"
        body = {"email": self.email, "password": password}
        signed_up = product.http.post(f"{AUTH}/signup", json=body)
        assert signed_up.status_code == 401  # "now verify your address"
        session = signed_up.json()["meta"]["session_token"]
        verified = product.http.post(
            f"{AUTH}/email/verify",
            json={"key": self._code()},
            headers={"X-Session-Token": session},
        )
        assert verified.status_code == 200
        answer = product.http.post(f"{AUTH}/login", json=body)
        token = answer.json()["meta"]["access_token"]
        self.http = httpx.Client(
            base_url=f"{product.url}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        )

    def _code(self) -> str:
        wait_until(lambda: self.mails() != [], seconds=30, what="the mail with the code")
        [mail] = self.mails()
        return re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]*)$", mail["text"], re.MULTILINE)[1]

    def mails(self):
        return self.product.mails_to(self.email)

    def get(self, path):
        return self.http.get(path).raise_for_status().json()

    def order(self, wish):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        answer = self.http.post("orders/", json=wish, headers=key)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def pay_url(self, order):
        answer = self.http.post(f"orders/{order['code']}/payments/", json={"provider": "vnpay"})
        assert answer.status_code == 201, answer.text
        return answer.json()["payment_url"]

    def status(self, order):
        return self.get(f"orders/{order['code']}/")["status"]


@pytest.fixture
def buyer(product):
    buyer = Buyer(product)
    yield buyer
    buyer.http.close()


def areas(buyer, *, general_admission):
    for event in buyer.get("events/?status=published")["results"]:
        for listed in event["showings"]:
            if listed["on_sale"]:
                showing = buyer.get(f"showings/{listed['id']}/")
                for area in showing["areas"]:
                    if area["is_general_admission"] is general_admission:
                        yield showing, area


def paid_areas(buyer, *, general_admission):
    return (
        (showing, area)
        for showing, area in areas(buyer, general_admission=general_admission)
        if float(area["price"]) > 0
    )


def two_seats(buyer):
    showing, area = next(paid_areas(buyer, general_admission=False))
    seat_map = buyer.get(f"showings/{showing['id']}/seats/")
    [mapped] = [each for each in seat_map["areas"] if each["id"] == area["id"]]
    free = [seat[0] for row in mapped["rows"] for seat in row["seats"] if seat[2] == "available"]
    return {"showing": showing["id"], "seats": free[:2]}


def three_places(buyer):
    showing, area = next(paid_areas(buyer, general_admission=True))
    return {"showing": showing["id"], "area": area["id"], "quantity": 3}


@pytest.mark.parametrize("choose", [two_seats, three_places])
def test_a_new_customer_buys_and_holds_tickets(product, buyer, choose):
    order = buyer.order(choose(buyer))
    paid = product.stand_in.post(
        "/control/pay", json={"payment_url": buyer.pay_url(order), "outcome": "success"}
    ).json()
    page = httpx.get(paid["return_url"], trust_env=False)

    assert "Paid. Your tickets are ready." in page.text
    assert buyer.status(order) == "paid"
    tickets = buyer.get(f"orders/{order['code']}/tickets/")
    assert len(tickets) == len(order["seats"])
    qr = buyer.http.get(f"tickets/{tickets[0]['code']}/qr.svg")
    assert qr.headers["Content-Type"] == "image/svg+xml"
    wait_until(lambda: tickets_mail(buyer) is not None, seconds=30, what="the mail with tickets")
    mail = tickets_mail(buyer)
    assert tickets[0]["code"] in mail["text"]
    [document] = mail["attachments"]
    pdf = product.stand_in.get(document["url"]).content
    assert pdf.startswith(b"%PDF-")
    assert len(PdfReader(io.BytesIO(pdf)).pages) == len(tickets)


def tickets_mail(buyer):
    """The mail that says that the order is paid, or None while it is on its way."""
    found = [mail for mail in buyer.mails() if mail["subject"].startswith("Your tickets")]
    return found[0] if found else None


def test_the_server_call_alone_is_enough(product, buyer):
    order = buyer.order(two_seats(buyer))

    product.stand_in.post(
        "/control/pay", json={"payment_url": buyer.pay_url(order), "outcome": "success"}
    )

    wait_until(lambda: buyer.status(order) == "paid", seconds=30, what="the IPN to arrive")


@pytest.mark.parametrize(
    "weather",
    [
        {"ipn_twice": True},
        {"ipn_before_return": True},
        {"ipn_before_return": True, "ipn_twice": True},
        {"ipn_late_seconds": 1},
        {"return_lost": True},
        {"no_ipn": True},
    ],
    ids=lambda weather: " and ".join(weather),
)
def test_in_bad_weather_the_tickets_are_issued_once_all_the_same(product, buyer, weather):
    order = buyer.order(two_seats(buyer))
    attempt = buyer.http.post(f"orders/{order['code']}/payments/", json={"provider": "vnpay"})
    product.stand_in.put(f"/control/weather/{attempt.json()['txn_ref']}", json=weather)

    paid = product.stand_in.post(
        "/control/pay", json={"payment_url": attempt.json()["payment_url"], "outcome": "success"}
    ).json()
    if "return_lost" not in weather:
        httpx.get(paid["return_url"], trust_env=False)

    wait_until(lambda: buyer.status(order) == "paid", seconds=30, what="the payment to be known")
    assert len(buyer.get(f"orders/{order['code']}/tickets/")) == 2


def test_a_refused_card_can_be_followed_by_a_good_one(product, buyer):
    order = buyer.order(two_seats(buyer))
    for outcome in ("insufficient", "success"):
        product.stand_in.post(
            "/control/pay", json={"payment_url": buyer.pay_url(order), "outcome": outcome}
        )

    wait_until(lambda: buyer.status(order) == "paid", seconds=30, what="the second attempt")


def test_a_free_event_needs_no_payment(buyer):
    showing, area = next(
        (showing, area)
        for showing, area in areas(buyer, general_admission=True)
        if float(area["price"]) == 0
    )

    order = buyer.order({"showing": showing["id"], "area": area["id"], "quantity": 2})

    assert order["status"] == "paid"
    assert len(buyer.get(f"orders/{order['code']}/tickets/")) == 2


def test_the_demo_buys_numbered_and_standing_places(product):
    shown = product.run("-m", "sandbox.demo")

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count("  ticket  ") == 5
    assert "Done: two orders paid" in shown.stdout


def test_unpaid_seats_are_free_again_after_a_short_while(new_product):
    product = new_product(ORDER_TTL_SECONDS="3")
    buyer = Buyer(product)
    wish = two_seats(buyer)

    order = buyer.order(wish)

    wait_until(lambda: buyer.status(order) == "expired", seconds=30, what="the order to expire")
    again = buyer.order(wish)
    assert [seat["id"] for seat in again["seats"]] == wish["seats"]
    assert product.run("manage.py", "verify_invariants").returncode == 0
    assert product.stop() == 0
    assert product.processes() == []
    buyer.http.close()


def test_the_data_survives_a_restart_and_seeding_again_adds_nothing(new_product):
    first = new_product()
    buyer = Buyer(first)
    order = buyer.order(two_seats(buyer))
    events = len(buyer.get("events/?page_size=200")["results"])
    first.stop()

    second = new_product()

    buyer.http.base_url = f"{second.url}/api/v1/"
    assert buyer.status(order) == "pending_payment"
    assert len(buyer.get("events/?page_size=200")["results"]) == events
    assert second.stop() == 0
    buyer.http.close()
