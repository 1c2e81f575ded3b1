"""The product as one person's program sees it: its public API, and VNPay's page after it."""

from __future__ import annotations

import time
import uuid
from typing import Any

import httpx

PASSWORD = "demo-tickets-2026"
WAIT_SECONDS = 30


class Failed(Exception):
    """A step did not end as it should; the text says which and how."""


class Shop:
    """The API as seen by one person of the demo, signed in."""

    def __init__(self, email: str, public: str) -> None:
        self.email = email
        self.http = httpx.Client(base_url=public, trust_env=False, timeout=30)
        body = {"email": email, "password": PASSWORD}
        answer = self.ask("POST", "/_allauth/app/v1/auth/login", body)
        self.http.headers["Authorization"] = f"Bearer {answer['meta']['access_token']}"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; raises Failed with the problem's own words."""
        key = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        answer = self.http.request(method, path, json=body, headers=key)
        if answer.is_error:
            raise Failed(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def get(self, path: str) -> Any:
        return self.ask("GET", f"/api/v1/{path}")

    def post(self, path: str, body: object) -> Any:
        return self.ask("POST", f"/api/v1/{path}", body)


def pay_at_vnpay(payment_url: str, sandbox: str, outcome: str = "success") -> str:
    """Do what a person would on the payment page; answer the address the browser is sent to."""
    body = {"payment_url": payment_url, "outcome": outcome}
    answer = httpx.post(f"{sandbox}/control/pay", json=body, trust_env=False, timeout=30)
    if answer.is_error:
        raise Failed(f"The VNPay stand-in refused: {answer.text}")
    return str(answer.json()["return_url"])


def wait_while(shop: Shop, path: str, states: list[str]) -> str:
    """The status under that path once it is none of these, or after some time all the same."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        status = str(shop.get(path)["status"])
        if status not in states:
            return status
        time.sleep(0.2)
    return f"still {status}"
