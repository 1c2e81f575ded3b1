"""The seat map of a full stadium: whole, unchanged, and only what changed."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass
from statistics import median

from benchmarks import load
from benchmarks.data import House
from benchmarks.machine import Connection, Machine
from benchmarks.report import Line, Report
from sandbox.run import say
from ticketing.seat_map import MAP

CLIENTS = 8
FULL_READS = 15
EMPTY = "/benchmarks/empty"  # see urls.py
ROUNDS = 2
CHANGED = 100

CHANGE = """
UPDATE ticketing_seat SET status = 'blocked' WHERE id IN (
    SELECT id FROM ticketing_seat WHERE showing_id = %s AND status = 'available'
    ORDER BY id LIMIT %s)
"""


@dataclass(frozen=True)
class FullReads:
    """Median milliseconds of the same JSON, through HTTP and straight from PostgreSQL."""

    http: float
    """By the first reader after a change."""
    kept: float
    """By the next one."""
    sql: float
    size: int
    """Bytes of the answer."""


@dataclass(frozen=True)
class Refreshes:
    """Answers in a second, beside a view that does nothing."""

    unchanged: float
    delta: float
    counted: float
    """The showing with its counts."""
    empty: float
    errors: dict[int, int]


def path_of(house: House) -> str:
    return f"/api/v1/showings/{house.stadium}/seats/"


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """The stadium's map, whole and refreshed."""
    say(f"The seat map of {house.stadium_seats:,} seats …")
    full = measure_full(running, house, reads=FULL_READS)
    refreshed = measure_refreshes(running, house, seconds=max(1, options.seconds / 7))
    report.lines += [
        Line("seat map: whole, after a change", full.http, "ms", full.sql),
        Line("seat map: whole, by the next reader", full.kept, "ms", full.sql),
        Line("seat map: unchanged (304)", refreshed.unchanged, "/s", refreshed.empty),
        Line("seat map: 100 changed seats", refreshed.delta, "/s", refreshed.empty),
        Line("seat map: the counts of each area", refreshed.counted, "/s", refreshed.empty),
    ]
    report.notes += [
        f"The whole map has {full.size:,} bytes; its floor is its SQL alone, read in turns.",
        "The floor of refreshes is a view that does nothing.",
        "The changed seats are the same for all readers: one of each worker has them read.",
    ]
    report.check_answers("the seat map", refreshed.errors)


def measure_full(machine: Machine, house: House, *, reads: int) -> FullReads:
    """Read the whole map again and again, by HTTP and by SQL in turns, after a change each time."""
    with machine.connect() as connection:
        return asyncio.run(_read_in_turns(machine, house, connection, reads))


async def _read_in_turns(
    machine: Machine, house: House, connection: Connection, reads: int
) -> FullReads:
    client, request = load.Client(machine.port), load.request_bytes("GET", path_of(house))
    http: list[float] = []
    kept: list[float] = []
    sql: list[float] = []
    size = 0
    for _ in range(reads):
        connection.execute(CHANGE, [house.stadium, 1])
        for times in (http, kept):
            started = time.perf_counter()
            answer = await client.send(request)
            times.append(time.perf_counter() - started)
        started = time.perf_counter()
        text = _map_text(connection, house)
        sql.append(time.perf_counter() - started)
        _check_same(answer, text)
        size = len(answer.body)
    client.close()
    return FullReads(
        http=median(http) * 1000, kept=median(kept) * 1000, sql=median(sql) * 1000, size=size
    )


def _map_text(connection: Connection, house: House) -> str:
    values = {"showing": house.stadium, "since": 0}
    row = connection.execute(MAP.encode(), values).fetchone()
    return str(row[1]) if row else ""


def _check_same(answer: load.Answer, text: str) -> None:
    # Without their cursors, which differ as soon as any transaction ends in between.
    if answer.status != 200 or json.loads(answer.body)["areas"] != json.loads(text)["areas"]:
        raise RuntimeError(f"The map is not what the database says (status {answer.status}).")


def measure_refreshes(machine: Machine, house: House, *, seconds: float) -> Refreshes:
    """Ask for news when there is none, for a hundred changed seats, for counts; in turns."""
    etag = read_etag(machine, house)
    empty, unchanged, delta, counted = (load.Load() for _ in range(4))
    nothing = load.request_bytes("GET", EMPTY)
    nothing_new = load.request_bytes("GET", path_of(house), {"If-None-Match": etag})
    for _ in range(ROUNDS):
        empty.add(_ask(machine, nothing, seconds))
        unchanged.add(_ask(machine, nothing_new, seconds))
    with machine.connect() as connection:
        connection.execute(CHANGE, [house.stadium, CHANGED])
    news = load.request_bytes("GET", f"{path_of(house)}?since={etag.removeprefix('W/')[1:-1]}")
    counts = load.request_bytes("GET", path_of(house).removesuffix("seats/"))
    for _ in range(ROUNDS):
        delta.add(_ask(machine, news, seconds))
        counted.add(_ask(machine, counts, seconds))
        empty.add(_ask(machine, nothing, seconds))
    return Refreshes(
        unchanged=unchanged.rate(304),
        delta=delta.rate(200),
        counted=counted.rate(200),
        empty=empty.rate(200),
        errors=empty.errors(200) | unchanged.errors(304) | delta.errors(200) | counted.errors(200),
    )


def read_etag(machine: Machine, house: House) -> str:
    """The mark of the map as it is now."""
    return asyncio.run(_read_etag(machine, house))


async def _read_etag(machine: Machine, house: House) -> str:
    client = load.Client(machine.port)
    answer = await client.send(load.request_bytes("GET", path_of(house)))
    client.close()
    return answer.etag


def _ask(machine: Machine, request: bytes, seconds: float) -> load.Load:
    return load.run(
        machine.port,
        make=lambda: request,
        clients=CLIENTS,
        warm_up=0.5,
        seconds=seconds,
        watch=machine.cpu,
    )
