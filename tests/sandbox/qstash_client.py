"""QStash over plain HTTP, and the keys of the tests; nothing here knows the SDK or our code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx

from tests.sandbox_process import SandboxProcess, wait_until

TOKEN = "a-token-that-only-tests-know"
CURRENT_KEY = "sig_a-key-that-only-tests-know-1"
NEXT_KEY = "sig_a-key-that-only-tests-know-2"


class QStashClient:
    """Requests with the token, and a look behind the scenes."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        authorization = {"Authorization": f"Bearer {TOKEN}"}
        self.http = httpx.Client(
            base_url=sandbox.url, headers=authorization, trust_env=False, timeout=10
        )

    def close(self) -> None:
        self.http.close()

    def send(self, url: str, body: bytes = b"{}", **header: str) -> httpx.Response:
        """Publish; `delay="5m"` becomes `Upstash-Delay: 5m`."""
        return self.http.post(f"/v2/publish/{url}", content=body, headers=as_header(header))

    def publish(self, url: str, body: bytes = b"{}", **header: str) -> str:
        """Publish with success; answers the message id."""
        answer = self.send(url, body, **header)
        assert answer.status_code in (200, 202), answer.text
        message_id: str = answer.json()["messageId"]
        return message_id

    def look(self, message_id: str) -> dict[str, Any]:
        """Everything the stand-in knows about a message."""
        return self.sandbox.control("GET", f"qstash/messages/{message_id}")

    def messages(self, **wanted: str) -> list[dict[str, Any]]:
        """All messages, or those with a label, a state or a url."""
        answer = self.sandbox.http.get("/control/qstash/messages", params=wanted)
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    def wait_for_state(self, message_id: str, state: str) -> dict[str, Any]:
        """The message, once it is in that state."""
        wait_until(
            lambda: self.look(message_id)["state"] == state,
            seconds=10,
            what=f"{message_id} to be {state}",
        )
        return self.look(message_id)

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.sandbox.control("POST", "qstash/advance", {"seconds": seconds})

    def dead_letters(self) -> list[dict[str, Any]]:
        letters: list[dict[str, Any]] = self.http.get("/v2/dlq").json()["messages"]
        return letters


def as_header(values: dict[str, str]) -> dict[str, str]:
    return {f"Upstash-{name.replace('_', '-')}": value for name, value in values.items()}


def read_token(token: str, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT, when the key made it."""
    content, _, signature = token.rpartition(".")
    expected = hmac.new(key.encode(), content.encode(), hashlib.sha256).digest()
    assert _decode(signature) == expected, "The signature is not made with this key."
    header, claims = (json.loads(_decode(part)) for part in content.split("."))
    return header, claims


def hash_body(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
