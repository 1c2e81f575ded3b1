"""The product and the payment provider as a crowd's browsers and programs see them."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from benchmarks.load import BROKEN, Client, request_bytes


@dataclass(frozen=True)
class Reply:
    """An answer, and how many seconds it took with all the waiting in front of the server."""

    status: int
    body: Any
    waited: float
    retry_after: int | None = None

    @property
    def code(self) -> str:
        """The code of a refusal."""
        known = self.body.get("code") if isinstance(self.body, dict) else None
        return str(known or self.status)


class Lines:
    """A fixed number of connections to one server, shared by everybody, first come, first served.

    An answer that takes longer than `patience` seconds counts as a broken connection.
    """

    def __init__(self, port: int, count: int, *, patience: float | None = None) -> None:
        self.patience = patience
        self._clients = [Client(port) for _ in range(count)]
        # A queue would hand a connection to whoever asks at that moment, before those who wait.
        self._turns = asyncio.Semaphore(count)

    async def send(self, request: bytes) -> Reply:
        started = time.perf_counter()
        async with self._turns:
            client = self._clients.pop()
            try:
                async with asyncio.timeout(self.patience):
                    answer = await client.send(request)
            except (OSError, EOFError):  # with TimeoutError
                client.close()
                return Reply(BROKEN, None, time.perf_counter() - started)
            finally:
                self._clients.append(client)
        body = orjson.loads(answer.body) if answer.body[:1] in (b"{", b"[") else None
        return Reply(answer.status, body, time.perf_counter() - started, answer.retry_after)


@dataclass(frozen=True)
class Shop:
    """Both servers; each call is one request with the buyer's token."""

    product: Lines
    provider: Lines

    async def get(self, path: str, token: str) -> Reply:
        return await self.product.send(request_bytes("GET", f"/api/v1/{path}", _headers(token)))

    async def post(self, path: str, token: str, body: object, *, key: str = "") -> Reply:
        headers = {**_headers(token), "Idempotency-Key": key or uuid.uuid4().hex}
        text = orjson.dumps(body)
        return await self.product.send(request_bytes("POST", f"/api/v1/{path}", headers, text))

    async def pay(self, payment_url: str) -> Reply:
        """Do what a person does on the provider's page; it then calls the product back."""
        body = orjson.dumps({"payment_url": payment_url, "outcome": "success"})
        return await self.provider.send(request_bytes("POST", "/control/pay", {}, body))


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
