"""Customers who do not give up: each asks again, with the same key, until there is an answer."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.load import request_bytes
from benchmarks.onsale.house import House
from benchmarks.onsale.shop import Reply, Shop

PATIENCE_SECONDS = 120.0
SETTLED_CHECKS = 20
THROTTLED = 429


@dataclass
class Diary:
    """What was acknowledged, and how hard it was to get an answer."""

    orders: set[str] = field(default_factory=set)
    charged: set[str] = field(default_factory=set)
    """Codes of orders that the provider took money for."""
    paid: set[str] = field(default_factory=set)
    """Codes of orders that the product called paid."""
    refunds: set[int] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    outages: list[float] = field(default_factory=list)
    """Seconds from a customer's first failed try to the answer."""
    busy_waits: list[float] = field(default_factory=list)
    """Seconds until a 503."""
    silent_refusals: int = 0
    """Answers 503 that did not say when to come back."""
    wrong: list[str] = field(default_factory=list)


@dataclass
class Shopper:
    """One line of customers, one after the other, each with a token of its own."""

    shop: Shop
    house: House
    seats: list[int]
    tokens: Iterator[str]
    diary: Diary
    dice: random.Random

    async def buy_until(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            await self._visit(next(self.tokens))

    async def _visit(self, token: str) -> None:
        code = await self._order(token)
        if not code or self.dice.random() < 0.15:
            return  # and never comes back: the hold has to expire
        if self.dice.random() < 0.1:
            await self._post(f"orders/{code}/cancel/", token, {})
            return
        await self._pay(token, code)
        if await self._sees_it_paid(token, code) and self.dice.random() < 0.3:
            wish = {"reason": "personal"}
            refund = await self._post(f"orders/{code}/refunds/", token, wish)
            if refund.status == 201:
                self.diary.refunds.add(refund.body["id"])

    async def _order(self, token: str) -> str:
        """The code, or "" if somebody else has the seats."""
        body: dict[str, object] = {"area": self.house.standing, "quantity": 2}
        if self.dice.random() < 0.5:
            body = {"seats": self.dice.sample(self.seats, 2)}
        placed = await self._post("orders/", token, {"showing": self.house.showing, **body})
        if placed.status != 201:
            return ""
        self.diary.orders.add(placed.body["code"])
        return str(placed.body["code"])

    async def _pay(self, token: str, code: str) -> None:
        link = await self._post(f"orders/{code}/payments/", token, {"provider": "vnpay"})
        if link.status != 201:
            return
        paid = await self._ask(lambda: self.shop.pay(link.body["payment_url"]))
        # 409: it was taken before, and the answer got lost.
        if paid.status in (200, 409):
            self.diary.charged.add(code)
        if paid.status == 200 and self.dice.random() < 0.5:
            address = urlsplit(paid.body["return_url"])
            back = request_bytes("GET", f"{address.path}?{address.query}")
            await self._ask(lambda: self.shop.product.send(back))

    async def _sees_it_paid(self, token: str, code: str) -> bool:
        for _ in range(SETTLED_CHECKS):
            page = await self._ask(lambda: self.shop.get(f"orders/{code}/", token))
            if page.status == 200 and page.body["status"] == "paid":
                self.diary.paid.add(code)
                return True
            await asyncio.sleep(0.5)
        return False

    async def _post(self, path: str, token: str, body: object) -> Reply:
        key = uuid.uuid4().hex
        return await self._ask(lambda: self.shop.post(path, token, body, key=key))

    async def _ask(self, send: Callable[[], Coroutine[None, None, Reply]]) -> Reply:
        """As often as it takes; what a good client does."""
        started = time.monotonic()
        reply = await self._try(send)
        while not _is_answer(reply):
            if time.monotonic() - started > PATIENCE_SECONDS:
                self.diary.wrong.append(f"a customer had no answer for {PATIENCE_SECONDS:g} s")
                break
            await asyncio.sleep(min(reply.retry_after or 0.2, 2))
            reply = await self._try(send)
            if _is_answer(reply):
                self.diary.outages.append(time.monotonic() - started)
        return reply

    async def _try(self, send: Callable[[], Coroutine[None, None, Reply]]) -> Reply:
        reply = await send()
        self.diary.statuses[reply.status] += 1
        if reply.status == 503:
            self.diary.busy_waits.append(reply.waited)
            self.diary.silent_refusals += reply.retry_after is None
        return reply


def _is_answer(reply: Reply) -> bool:
    return 0 < reply.status < 500 and reply.status != THROTTLED
