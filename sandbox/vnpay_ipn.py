"""Calls the merchant's IPN address until it confirms (section 6.2)."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from dataclasses import dataclass, replace

import httpx

from sandbox import clock
from sandbox.config import Config
from sandbox.records import Attempt, Delivery
from sandbox.store import Store

logger = logging.getLogger(__name__)

STOPPING_CODES = ("00", "02")
KEPT_BODY_CHARACTERS = 2000


@dataclass(frozen=True)
class Answer:
    """What one call brought back."""

    http_status: int | None = None
    body: str = ""
    error: str = ""

    @property
    def rsp_code(self) -> str | None:
        """The merchant's RspCode; None when the body is not the documented JSON."""
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return None
        code = parsed.get("RspCode") if isinstance(parsed, dict) else None
        return code if isinstance(code, str) else None

    @property
    def confirms(self) -> bool:
        """Whether VNPay stops calling: 00 or 02 with a 2xx status."""
        is_success = self.http_status is not None and 200 <= self.http_status < 300
        return is_success and self.rsp_code in STOPPING_CODES


class Courier:
    """Delivers IPNs in the background; the store keeps what is pending, for a restart."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        # VNPay does not follow redirects, and a proxy from the environment must not see the calls.
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=None)
        # The loop itself holds no more than a weak reference to a task.
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Take up the deliveries that an earlier process left pending."""
        for delivery in self._store.select(Delivery, state="pending"):
            self.dispatch(delivery)

    def dispatch(self, delivery: Delivery) -> None:
        """Call at the delivery's time, and again until it is confirmed or exhausted."""
        task = asyncio.create_task(self._deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def attempt(self, delivery: Delivery) -> Delivery:
        """Call once, now, and record the answer; returns the delivery as it stands after that."""
        started = time.time()
        answer = await self._call(delivery.query)
        after = self._judge(delivery, answer)
        with self._store.together():
            self._store.save(_to_attempt(delivery, answer, started))
            self._store.save(after)
        logger.info("IPN %s: %s %s", delivery.txn_ref, answer.http_status, answer.rsp_code)
        return after

    async def forget(self) -> None:
        """Stop all deliveries; calls under way are broken off."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop and release the connections; the store keeps what is pending."""
        await self.forget()
        await self._client.aclose()

    async def _deliver(self, delivery: Delivery) -> None:
        while delivery.state == "pending":
            await asyncio.sleep(max(0.0, delivery.next_at - time.time()))
            delivery = await self.attempt(delivery)

    async def _call(self, query: str) -> Answer:
        url = join_query(self._config.ipn_url, query)
        try:
            # One limit for all of it: httpx gives connecting and each read one of its own.
            async with asyncio.timeout(self._config.ipn_timeout_seconds):
                response = await self._client.get(url)
        except TimeoutError:
            return Answer(error="timeout")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(error=f"{type(error).__name__}: {error}")
        return Answer(response.status_code, response.text)

    def _judge(self, delivery: Delivery, answer: Answer) -> Delivery:
        left = delivery.attempts_left - 1
        if answer.confirms:
            return replace(delivery, attempts_left=left, state="confirmed")
        if left <= 0:
            return replace(delivery, attempts_left=0, state="exhausted")
        return replace(
            delivery, attempts_left=left, next_at=time.time() + self._config.ipn_retry_seconds
        )


def new_delivery(txn_ref: str, query: str, *, next_at: float, attempts: int) -> Delivery:
    """An IPN that was not sent yet."""
    return Delivery(uuid.uuid4().hex, txn_ref, query, next_at, attempts)


def join_query(url: str, query: str) -> str:
    """Add parameters to an address that may already have some."""
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _to_attempt(delivery: Delivery, answer: Answer, started: float) -> Attempt:
    return Attempt(
        id=uuid.uuid4().hex,
        delivery_id=delivery.id,
        txn_ref=delivery.txn_ref,
        at=clock.now().isoformat(),
        seconds=round(time.time() - started, 3),
        http_status=answer.http_status,
        rsp_code=answer.rsp_code,
        body=answer.body[:KEPT_BODY_CHARACTERS],
        error=answer.error,
    )
