"""A customer of the running product, as the API sees one."""

from __future__ import annotations

import re
import uuid

import httpx

from tests.product.running import RunningProduct
from tests.sandbox_process import wait_until

AUTH = "/_allauth/app/v1/auth"


class Buyer:
    """A customer who just signed up, verified the address and logged in."""

    def __init__(self, product: RunningProduct) -> None:
        self.product = product
        self.email = f"{uuid.uuid4().hex[:10]}@example.org"
        self.password = "a-long-and-quiet-night"
        body = {"email": self.email, "password": self.password}
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

    def close(self) -> None:
        self.http.close()

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
