"""What the buyers lived through, second by second."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Moment:
    """Something that happened to a buyer: `what` at `second`, after `waited` seconds."""

    second: float
    kind: str
    what: str
    waited: float = 0.0


@dataclass
class Visit:
    """One buyer's whole stay. `rank` is the order of arrival, from 0."""

    rank: int
    kind: str
    arrived: float
    left: float = 0.0
    orders: list[str] = field(default_factory=list)
    """Codes of orders that the server acknowledged."""
    paid: list[str] = field(default_factory=list)
    """Codes of orders whose payment the provider took and that the server then called paid."""
    places: int = 0
    """Places of the paid orders."""


@dataclass
class Diary:
    """All moments and visits of one simulation."""

    started: float = field(default_factory=time.monotonic)
    moments: list[Moment] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """How often each thing happened."""

    def now(self) -> float:
        """Seconds since the doors opened."""
        return time.monotonic() - self.started

    def note(self, visit: Visit, what: str, waited: float = 0.0) -> None:
        self.moments.append(Moment(self.now(), visit.kind, what, waited))
        self.counts[what] += 1

    def waits(self) -> dict[str, list[float]]:
        """Seconds that people waited for an answer, by what they had asked for."""
        found: dict[str, list[float]] = defaultdict(list)
        for moment in self.moments:
            if moment.waited:
                found[moment.what].append(moment.waited)
        return found

    def curve(self, what: str, *, step: float) -> list[tuple[float, int]]:
        """How often it had happened up to the end of each step."""
        seconds = sorted(moment.second for moment in self.moments if moment.what == what)
        points, index, second = [(0.0, 0)], 0, 0.0
        while index < len(seconds):
            second += step
            while index < len(seconds) and seconds[index] <= second:
                index += 1
            points.append((second, index))
        return points
