"""A lean HTTP load: keep-alive connections, prepared bytes, one request after another on each."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles

BODILESS = {204, 304}
BROKEN = 0  # the "status" of a connection that ended without an answer
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ETAG = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)

Cpu = Mapping[str, float]


@dataclass(frozen=True)
class Answer:
    status: int
    etag: str
    body: bytes
    retry_after: int | None = None
    """Seconds, if the server named any."""


@dataclass
class Load:
    """What came back within the measured time."""

    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    """CPU seconds by part, as `watch` counts them."""
    latencies: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of every answer, by status; 0 is a broken connection."""

    @property
    def statuses(self) -> Counter[int]:
        """How many answers there were of which status."""
        return Counter({status: len(found) for status, found in self.latencies.items()})

    def rate(self, status: int) -> float:
        """Answers of this status in a second."""
        return self.statuses[status] / self.seconds

    def errors(self, status: int) -> dict[int, int]:
        """How many answers were not of this status, by status; 0 is a broken connection."""
        return {other: n for other, n in sorted(self.statuses.items()) if other != status}

    def percentile(self, percent: int, status: int | None = None) -> float:
        """Milliseconds within which so many of a hundred were answered, of one status or all."""
        wanted = self.latencies if status is None else [status]
        seconds = [each for one in wanted for each in self.latencies[one]]
        return quantiles(seconds, n=100)[percent - 1] * 1000

    def add(self, more: Load) -> None:
        """Count another run to this one."""
        self.seconds += more.seconds
        for part, spent in more.cpu.items():
            self.cpu[part] = self.cpu.get(part, 0.0) + spent
        for status, found in more.latencies.items():
            self.latencies[status] += found


class Client:
    """One connection to 127.0.0.1, opened when needed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> Answer:
        """Send prepared bytes, read the whole answer. Raises OSError or EOFError if it breaks."""
        if self._streams is None:
            # Room for a whole seat map: with less, reading pauses again and again.
            self._streams = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        body = b"" if status in BODILESS else await reader.readexactly(_length(head))
        etag, wait = _ETAG.search(head), _RETRY_AFTER.search(head)
        return Answer(
            status, etag[1].decode() if etag else "", body, int(wait[1]) if wait else None
        )

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    if found is None:
        raise RuntimeError(f"Only answers with a Content-Length can be read, not this:\n{head!r}")
    return int(found[1])


def request_bytes(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """A complete request. A body is JSON."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(
    port: int,
    *,
    make: Callable[[], bytes],
    clients: int,
    warm_up: float,
    seconds: float,
    watch: Callable[[], Cpu],
) -> Load:
    """Keep `clients` connections busy with what `make` gives; count only after the warm-up.

    `watch` reads clocks that only go up; `Load.cpu` says how far they went in the measured time.
    """
    every = iter(make, None)  # endless
    return asyncio.run(_Requests(port, every, watch).run(clients, warm_up, seconds))


def send_all(port: int, requests: Iterable[bytes], *, clients: int) -> Load:
    """Send each of these requests once, over so many connections; everything counts."""
    return asyncio.run(_Requests(port, iter(requests), watch=dict).run_out(clients))


class Run:
    """Clients that attempt the same thing again and again; `attempt` says what."""

    def __init__(self, port: int, watch: Callable[[], Cpu]) -> None:
        self.port, self.watch = port, watch
        self.load = Load()
        self.is_counting = False
        self.is_over = False

    async def attempt(self, client: Client) -> int | None:
        """Ask for something once, in one request or several: the status, or None at the end."""
        raise NotImplementedError

    async def run(self, clients: int, warm_up: float, seconds: float) -> Load:
        """Keep so many connections busy; count only after the warm-up."""
        await asyncio.gather(self._time(warm_up, seconds), *(self._ask() for _ in range(clients)))
        return self.load

    async def run_out(self, clients: int) -> Load:
        """Count everything, until there is nothing left to ask."""
        with self._counting():
            await asyncio.gather(*(self._ask() for _ in range(clients)))
        return self.load

    def count(self, load: Load, status: int, started: float) -> None:
        """Note what began then and came to this, if it came within the measured time."""
        if self.is_counting:
            load.latencies[status].append(time.perf_counter() - started)

    async def _time(self, warm_up: float, seconds: float) -> None:
        await asyncio.sleep(warm_up)
        with self._counting():
            await asyncio.sleep(seconds)
        self.is_over = True

    @contextmanager
    def _counting(self) -> Iterator[None]:
        before, started = self.watch(), time.perf_counter()
        self.is_counting = True
        yield
        self.is_counting = False
        self.load.seconds = time.perf_counter() - started
        self.load.cpu = {part: after - before[part] for part, after in self.watch().items()}

    async def _ask(self) -> None:
        client = Client(self.port)
        while not self.is_over:
            started = time.perf_counter()
            try:
                status = await self.attempt(client)
            except (OSError, EOFError):
                status = BROKEN
                client.close()
            if status is None:
                break
            self.count(self.load, status, started)
        client.close()


class _Requests(Run):
    def __init__(self, port: int, requests: Iterator[bytes], watch: Callable[[], Cpu]) -> None:
        super().__init__(port, watch)
        self.requests = requests

    async def attempt(self, client: Client) -> int | None:
        request = next(self.requests, None)
        return (await client.send(request)).status if request else None
