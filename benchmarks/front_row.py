"""A hot numbered showing: everybody wants the best seats that are left, one in ten is first."""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks import load, orders
from benchmarks.data import House
from benchmarks.machine import Connection, Machine
from benchmarks.report import Line, Report
from sandbox.run import say

# They saw the same two seats free, and click on them together.
FANS = 10

Pair = list[int]  # of ids of seats

# Neighbours, from the front row backwards and in each row from the middle outwards.
PAIRS = """
SELECT array_agg(id) FROM ticketing_seat WHERE showing_id = %s AND status = 'available'
GROUP BY row_id, (number::int - 1) / 2 HAVING count(*) = 2
ORDER BY row_id, abs(min(number::int) - (SELECT max(number::int) / 2 FROM ticketing_seat
    WHERE showing_id = %s)), min(id)
"""
HELD = """
SELECT count(*), count(DISTINCT seat_id), count(DISTINCT order_id)
FROM orders_seathold WHERE showing_id = %s AND status IN ('active', 'confirmed')
"""


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """Sales and refusals of the same rush; a failure if a seat was sold twice."""
    say(f"The front row: {options.clients} buyers, of whom {FANS} at a time want the same seats …")
    ask = partial(measure, running, house, orders.tokens_of(house), options)
    race, late = ask(rush), ask(latecomers)
    sold, refused = race.statuses[201], race.statuses[409]
    report.lines += [
        Line("front row: refusals of 100 answers", 100 * refused / (sold + refused), ""),
        Line("front row: answers", race.rate(201) + race.rate(409), "/s"),
        Line("front row: median of those that lost a race", *_both(race, 50)),
        Line("front row: refused, median", *_both(late, 50)),
        Line("front row: refused, 99 of 100 within", *_both(late, 99)),
    ]
    report.notes += [
        "The floor of losing a race for the front row is winning one: the quickest of ten does.",
        "The floor of a refusal is a sale beside it, without a race: of seats that nobody else "
        "wants, while nine of ten want seats that are sold.",
    ]
    with running.connect() as connection:
        report.failures += double_sales(connection, house)
    race.add(late)
    others = {status: n for status, n in race.errors(201).items() if status != 409}
    report.check_answers("the front row", others)


def measure(
    running: Machine,
    house: House,
    tokens: list[str],
    options: argparse.Namespace,
    wishes: Callable[[Sequence[Pair]], Iterator[Pair]],
) -> load.Load:
    """Let the customers rush; raises RuntimeError if the seats did not last."""
    with running.connect() as connection:
        pairs = connection.execute(PAIRS, [house.stadium, house.stadium]).fetchall()
    return load.run(
        running.port,
        make=requests(house, wishes([pair for (pair,) in pairs]), tokens),
        clients=options.clients,
        warm_up=1.0,
        seconds=max(2, options.seconds // 2),
        watch=running.cpu,
    )


def rush(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """The pairs in their order, each wanted by `FANS` customers in a row."""
    for pair in pairs:
        yield from itertools.repeat(pair, FANS)


def latecomers(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """One of `FANS` wants a pair of his own, all others the pair that was sold first."""
    first, *others = pairs
    yield first
    for pair in others:
        yield pair
        yield from itertools.repeat(first, FANS - 1)


def requests(house: House, wishes: Iterator[Pair], tokens: list[str]) -> Callable[[], bytes]:
    """Orders for the pairs that are wished for, by the customers in turn."""
    turns = itertools.cycle(tokens)

    def make() -> bytes:
        seats = next(wishes, None)
        if seats is None:
            raise RuntimeError("The stadium is sold out: shorten --seconds.")
        wish = json.dumps({"showing": house.stadium, "seats": seats}).encode()
        return orders.order_request(wish, next(turns))

    return make


def double_sales(connection: Connection, house: House) -> list[str]:
    """What is wrong if a seat of the stadium has two owners, or an order has lost a seat."""
    holds, seats, bought = connection.execute(HELD, [house.stadium]).fetchone() or (0, 0, 0)
    if holds == seats == 2 * bought:
        return []
    return [f"Front row: {bought} orders for two have {holds} holds on {seats} seats."]


def _both(found: load.Load, percent: int) -> tuple[float, str, float]:
    return found.percentile(percent, 409), "ms", found.percentile(percent, 201)
