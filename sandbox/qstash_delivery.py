"""One request to a destination: headers, signature, and what came back (section 2)."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from sandbox.qstash_keys import KeyRing
from sandbox.qstash_records import Call, Message
from sandbox.qstash_signing import LIFETIME_SECONDS, sign
from sandbox.weather import Weather

REGION = "EU-CENTRAL-1"
SIGNATURE = "Upstash-Signature"
MAX_PARALLEL = 50


class Flow:
    """The calls that have a flow control key in common. Each brings its own limit (section 1.2)."""

    def __init__(self) -> None:
        self._running = 0
        self._ended = asyncio.Condition()

    @asynccontextmanager
    async def turn(self, parallelism: int) -> AsyncIterator[None]:
        """Wait until fewer than `parallelism` are running, and be one of them."""
        async with self._ended:
            await self._ended.wait_for(lambda: self._running < parallelism)
            self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            async with self._ended:
                self._ended.notify()


class Deliverer:
    """Calls destinations; keeps nothing."""

    def __init__(self, keys: KeyRing, weather: Weather) -> None:
        self._keys = keys
        self._weather = weather
        # No redirects, no cookies, and a proxy from the environment must not see the calls. A kept
        # connection that the other side is just closing would look like a failed attempt.
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=None,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        # Waiting inside the client would count as the destination's time, and is slow for many.
        self._turns = asyncio.Semaphore(MAX_PARALLEL)
        self._flows: dict[str, Flow] = {}

    async def call(self, message: Message) -> Call:
        """Call once, as soon as there is room."""
        # In this order: whoever waits for a turn of a flow takes up no room of all others.
        async with self._flow(message), self._turns:
            return await self._call(message)

    def _flow(self, message: Message) -> AbstractAsyncContextManager[None]:
        if not message.flow_control_key:
            return nullcontext()
        return self._flows.setdefault(message.flow_control_key, Flow()).turn(message.parallelism)

    async def close(self) -> None:
        """Release the connections."""
        await self._client.aclose()

    async def _call(self, message: Message) -> Call:
        started, header = time.time(), self._build_header(message)
        try:
            async with asyncio.timeout(message.timeout):
                response = await self._client.request(
                    message.method, message.url, headers=_encode(header), content=message.body
                )
        except TimeoutError:
            return _to_call(message, started, header, error="timeout")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
            return _to_call(message, started, header, error=problem)
        return _to_call(message, started, header, response)

    def _build_header(self, message: Message) -> list[tuple[str, str]]:
        forwarded = json.loads(message.header).items()
        own = {
            "Upstash-Message-Id": message.id,
            "Upstash-Retried": str(message.retried),
            "Upstash-Caller-Ip": message.caller_ip,
            "Upstash-Region": REGION,
            "Upstash-Schedule-Id": message.schedule_id,
            SIGNATURE: self._sign(message),
        }
        return [
            ("User-Agent", "Upstash-QStash"),
            *[(name, value) for name, values in forwarded for value in values],
            *[(name, value) for name, value in own.items() if value],
        ]

    def _sign(self, message: Message) -> str:
        mistake = str(self._weather.take("qstash_signature", message.scope) or "")
        if mistake == "missing":
            return ""
        key = {
            "next_key": self._keys.next,
            "wrong_key": f"sig_{uuid.uuid4().hex[:28]}",
        }.get(mistake, self._keys.current)
        url = message.url + ("other/" if mistake == "other_url" else "")
        body = message.body + (b" " if mistake == "other_body" else b"")
        age = 2 * LIFETIME_SECONDS if mistake == "expired" else 0
        return sign(key, url, body, at=time.time() - age)


def _to_call(
    message: Message,
    started: float,
    header: list[tuple[str, str]],
    response: httpx.Response | None = None,
    error: str = "",
) -> Call:
    return Call(
        id=uuid.uuid4().hex,
        message_id=message.id,
        at=started,
        seconds=round(time.time() - started, 3),
        retried=message.retried,
        request_header=json.dumps(to_lists(header)),
        status=response.status_code if response is not None else None,
        header=json.dumps(to_lists(response.headers.multi_items()) if response is not None else {}),
        body=response.content if response is not None else b"",
        error=error,
    )


def to_lists(items: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Headers as the API shows them: name to list of values."""
    lists: dict[str, list[str]] = {}
    for name, value in items:
        lists.setdefault(name, []).append(value)
    return lists


def _encode(header: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """As they came: a forwarded value may hold any byte."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in header]
