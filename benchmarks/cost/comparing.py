"""The same orders at two stalls, in short slices in turns: what slows the machine slows both."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from benchmarks import load, orders
from benchmarks.cost.stalls import Field, Stall, django_at
from orders.services import place_order
from ticketing.models import Area, Showing

CLIENTS = 8
ROUNDS = 4
# Orders until the statements of a connection are prepared and their plans are kept.
WARM = 8
PAGES = "SELECT sum(hits + reads)::bigint FROM pg_stat_get_backend_io(pg_backend_pid())"


@dataclass
class Cost:
    """What orders at one stall took."""

    slices: list[float] = field(default_factory=list)
    """Milliseconds of each order, through HTTP, one figure for each slice."""
    alone: list[float] = field(default_factory=list)
    """Milliseconds that the database's answers to one order took, with no other buyer about."""
    pages: list[int] = field(default_factory=list)
    """How many pages the database touched for one order: a count, which no noise changes."""


def compare(
    usual: Stall, hard: Stall, tokens: Sequence[str], *, slices: int, size: int
) -> tuple[Cost, Cost]:
    """Place `slices` times `size` orders at each stall, and one slice more past the web server.

    Raises RuntimeError or a refusal if one could not be had.
    """
    costs, takes_turns = (Cost(), Cost()), itertools.cycle(tokens)
    pairs = list(zip((usual, hard), costs, strict=True))
    for number in range(-1, slices):  # the first one is a warm-up
        # They take turns in being first, whatever that is good or bad for.
        for stall, cost in pairs[:: -1 if number % 2 else 1]:
            taken = _slice(stall, number, list(itertools.islice(takes_turns, size)))
            if number >= 0:
                cost.slices.append(taken)
    for number in range(ROUNDS):
        for stall, cost in pairs[:: -1 if number % 2 else 1]:
            with django_at(stall.running.database):
                place_alone(stall.fields[-1], size // ROUNDS, cost)
    return costs


def _slice(stall: Stall, number: int, tokens: Sequence[str]) -> float:
    at = stall.fields[number % len(stall.fields)]
    wish = json.dumps({"showing": at.showing, "area": at.area, "quantity": 2}).encode()
    requests = [orders.order_request(wish, token) for token in tokens]
    done = load.send_all(stall.running.port, requests, clients=CLIENTS)
    if wrong := done.errors(201):
        raise RuntimeError(f"Orders were refused, by status: {wrong}.")
    return done.seconds / len(requests) * 1000


def place_alone(at: Field, count: int, cost: Cost) -> None:
    """Orders over a connection of this process, after some that make it warm."""
    showing = Showing.objects.select_related("event").get(pk=at.showing)
    area, customers = Area.objects.get(pk=at.area), User.objects.order_by("pk")[:count]
    for number, customer in enumerate(customers):
        clock, before = _DatabaseClock(), _pages()
        key = str(time.time_ns())
        with connection.execute_wrapper(clock):
            place_order(
                customer=customer, showing=showing, area=area, quantity=2, idempotency_key=key
            )
        if number >= WARM:
            cost.alone.append(clock.seconds * 1000)
            cost.pages.append(_pages() - before)


def _pages() -> int:
    with connection.cursor() as cursor:
        # By itself a session tells what it has done at most once a second.
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(PAGES)
        (pages,) = cursor.fetchone()
    return int(pages)


class _DatabaseClock:
    """Adds up how long statements took, as their sender saw it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*args)
        finally:
            self.seconds += time.perf_counter() - started
