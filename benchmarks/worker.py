"""A web worker after very many requests of all kinds: what it has kept of them."""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from benchmarks import load, orders, seat_map
from benchmarks.data import House
from benchmarks.machine import Machine
from benchmarks.report import Line, Report
from benchmarks.tokens import mint_tokens
from sandbox.run import say

CLIENTS = 8
BROWSERS = 50
GOOD = {200, 201, 304}


@dataclass(frozen=True)
class Crowd:
    """What proves who asks: access tokens, and cookies of customers and of staff."""

    tokens: list[str]
    customers: list[str]
    staff: list[str]


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """Memory after all requests beside that after their first tenth; how soon it was ready."""
    count, crowd = options.requests, crowd_of(house)
    connection.close()
    say(f"A web worker answers {count:,} requests of all kinds …")
    answers = send(running, house, crowd, count // 10)
    early = running.megabytes_of_worker()
    answers.add(send(running, house, crowd, count - count // 10))
    late = running.megabytes_of_worker()
    report.lines += [
        Line("web: from start to ready", running.seconds_to_ready, "s"),
        Line(f"web: memory of a worker after {count:,} requests", late, "MB", early),
    ]
    report.notes.append("The floor of a worker's memory is its memory after a tenth of them.")
    wrong = {status: n for status, n in answers.statuses.items() if status not in GOOD}
    report.check_answers("the worker's mix", wrong)


def crowd_of(house: House) -> Crowd:
    """Logged-in people."""
    buyers = User.objects.filter(pk__range=(house.first_customer, house.last_customer))
    boss = User.objects.create(username="bench-boss", is_staff=True, is_superuser=True)
    return Crowd(mint_tokens(buyers), cookies(buyers.order_by("pk")[:BROWSERS]), cookies([boss]))


def send(running: Machine, house: House, crowd: Crowd, count: int) -> load.Load:
    """Let the workers answer so many requests."""
    requests = mix(house, crowd, seat_map.read_etag(running, house), count)
    return load.send_all(running.port, requests, clients=CLIENTS)


def mix(house: House, crowd: Crowd, etag: str, count: int) -> Iterator[bytes]:
    """Requests in the proportions of a sale: many look, some order."""
    # With a seed, so that each run asks for the same.
    chance, seats, wish = random.Random(count), seat_map.path_of(house), orders.wish(house)
    pages = ["/", "/events/benchmark/", "/accounts/login/", f"/showings/{house.stadium}/"]
    lists = ["/admin/", "/admin/orders/order/", "/admin/jobs/job/", "/admin/orders/ticket/"]
    makers: dict[Callable[[], bytes], int] = {
        lambda: _get(seats, {"If-None-Match": etag}): 30,
        lambda: _get(seats): 1,
        lambda: orders.order_request(wish, chance.choice(crowd.tokens)): 25,
        lambda: _get(orders.PATH, {"Authorization": f"Bearer {chance.choice(crowd.tokens)}"}): 20,
        lambda: _get(chance.choice(pages)): 12,
        lambda: _get("/orders/", {"Cookie": chance.choice(crowd.customers)}): 10,
        lambda: _get(chance.choice(lists), {"Cookie": chance.choice(crowd.staff)}): 2,
    }
    for make in chance.choices(list(makers), weights=list(makers.values()), k=count):
        yield make()


def cookies(users: Iterable[User]) -> list[str]:
    """What the browsers of these users send once they have logged in."""
    found = []
    for user in users:
        browser = Client()
        browser.force_login(user)
        found.append("; ".join(f"{each.key}={each.value}" for each in browser.cookies.values()))
    return found


def _get(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    return load.request_bytes("GET", path, headers)
