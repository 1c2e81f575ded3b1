"""The main job, from outside: sign up, choose, pay, hold tickets; and seats that come back."""

from __future__ import annotations

import io
from contextlib import closing

import httpx
import pytest
from pypdf import PdfReader

from tests.product.buyer import Buyer, areas, three_places, two_seats
from tests.sandbox.endpoint import Answer, Endpoint
from tests.sandbox_process import wait_until


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


def test_the_demo_buys_goes_in_and_gives_a_ticket_back(product):
    shown = product.run("-m", "sandbox.demo")

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count("  ticket  ") == 5
    assert "VND are back at the customer" in shown.stdout
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


def test_a_queue_that_takes_nothing_for_loopback_stops_nobody_from_buying(new_product):
    refusal = Answer(400, body=b'{"error": "endpoint resolves to a loopback address"}')
    with closing(Endpoint("", usual=refusal)) as queue:
        product = new_product(QSTASH_URL=queue.url)
        found = product.http.get("/api/v1/events/").json()["results"]
        assert product.stop() == 0

    assert found
    assert "The schedules are not registered" in product.log()


def test_without_a_queue_jobs_run_as_soon_as_they_are_due(new_product):
    product = new_product(QSTASH_TOKEN="", ORDER_TTL_SECONDS="3")
    buyer = Buyer(product)  # who was sent a code by mail

    order = buyer.order(two_seats(buyer))

    wait_until(lambda: buyer.status(order) == "expired", seconds=15, what="the order to expire")
    assert product.stop() == 0
    buyer.http.close()
