"""Money back, from outside: through the API, the queue and the provider, each a real process."""

from __future__ import annotations

import httpx
import pytest

from tests.product.buyer import AUTH, Buyer
from tests.sandbox_process import wait_until

CUP_FINAL = "chung-ket-cup-quoc-gia"  # it approves refunds by itself


@pytest.fixture
def other(product):
    other = Buyer(product)
    yield other
    other.close()


@pytest.fixture
def door(product):
    """Somebody of the organizer's, with a scanner."""
    login = {"email": "organizer@example.com", "password": "demo-tickets-2026"}
    answer = httpx.post(f"{product.url}{AUTH}/login", json=login, trust_env=False)
    token = answer.json()["meta"]["access_token"]

    def scan(ticket):
        return httpx.post(
            f"{product.url}/api/v1/check-ins/",
            json={"ticket": ticket["code"]},
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        )

    return scan


def two_seats_of_the_final(buyer):
    [showing] = buyer.get(f"events/{CUP_FINAL}/")["showings"]
    seat_map = buyer.get(f"showings/{showing['id']}/seats/")
    rows = [row for area in seat_map["areas"] for row in area["rows"]]
    free = [seat[0] for row in rows for seat in row["seats"] if seat[2] == "available"]
    return {"showing": showing["id"], "seats": free[:2]}


def buy(product, buyer, wish):
    order = buyer.order(wish)
    body = {"payment_url": buyer.pay_url(order), "outcome": "success"}
    paid = product.stand_in.post("/control/pay", json=body).json()
    httpx.get(paid["return_url"], trust_env=False)
    wait_until(lambda: buyer.status(order) == "paid", seconds=30, what="the order to be paid")
    return order, buyer.get(f"orders/{order['code']}/tickets/")


def test_a_refunded_seat_is_sold_again_at_once_to_somebody_else(product, buyer, other, door):
    order, tickets = buy(product, buyer, two_seats_of_the_final(buyer))
    seat = next(each for each in order["seats"] if each["number"] == tickets[0]["number"])
    wish = {"reason": "personal", "tickets": [tickets[0]["code"]]}
    quote = buyer.http.post(f"orders/{order['code']}/refund-quotes/", json=wish).json()

    asked = buyer.http.post(f"orders/{order['code']}/refunds/", json=wish)

    refund = asked.json()
    assert (asked.status_code, refund["status"], refund["amount"]) == (
        201,
        "approved",
        quote["amount"],
    )
    wait_until(
        lambda: buyer.get(f"refunds/{refund['id']}/")["status"] == "partial",
        seconds=30,
        what="the money to be back",
    )
    assert buyer.status(order) == "partial_refunded"
    assert buyer.get(f"orders/{order['code']}/")["refunded_amount"] == quote["amount"]
    again, [sold] = buy(product, other, {"showing": order["showing"], "seats": [seat["id"]]})
    assert again["seats"][0]["id"] == seat["id"]
    assert door(tickets[0]).json()["code"] == "ticket-not-valid"
    assert door(sold).status_code == 200
    wait_until(
        lambda: any("is back" in mail["subject"] for mail in buyer.mails()),
        seconds=30,
        what="the mail that says so",
    )
