"""Four pairs of stalls that differ in one thing each, and how the costs of an order differ."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from psycopg import sql

from benchmarks import data, machine, orders
from benchmarks.cost import churn, comparing, years
from benchmarks.cost.stalls import Field, Stall, django_at, new_field
from benchmarks.data import House
from benchmarks.machine import Machine
from benchmarks.report import Line, Report
from sandbox.run import say

CALM, OLD, BUSY = "calm", "years_of_sales", "busy_hour"
FEW_ORDERS = 10_000
CUSTOMERS = 2_000


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """Each pair's costs beside each other; the floor of a ratio is the easy one of the pair."""
    _tell_houses(running, house, options, report)
    _tell_histories(running, options, report)
    report.notes.append(
        "The floor of an order's cost is the same order in the easier place, in slices in turns."
    )


def _tell_houses(
    running: Machine, house: House, options: argparse.Namespace, report: Report
) -> None:
    full, few, many = options.full_places, options.few_places, options.many_places
    say(f"Fields of {full:,} places, 1 % and 99 % sold; of {few:,}; of {many:,} …")
    with running.connect() as connection:
        almost_free = new_field(connection, house, full, sold=0.01)
        almost_sold = new_field(connection, house, full, sold=0.99)
        # A new one for each slice, for the warm-up and for the orders alone.
        small = [new_field(connection, house, few) for _ in range(options.slices + 2)]
        large = new_field(connection, house, many)
        connection.execute("ANALYZE")
    tokens = orders.tokens_of(house)
    for name, easy, hard in [
        ("99 % sold", [almost_free], [almost_sold]),
        (f"{many:,} places", small, [large]),
    ]:
        _tell(name, Stall(running, easy), Stall(running, hard), tokens, options, report)


def _tell_histories(running: Machine, options: argparse.Namespace, report: Report) -> None:
    say(f"A database with {FEW_ORDERS:,} orders, and copies of it …")
    house, tokens = _calm_database(running, options)
    with ExitStack() as stack:
        calm, old, busy = (
            stack.enter_context(machine.another_web_server(running, name))
            for name in (CALM, OLD, BUSY)
        )
        field = [Field(house.showing, house.order_field)]
        count = options.old_orders
        say(f"{count:,} orders of many years …")
        years.fill(old, house, orders=count)
        name = f"{count:,} old orders"
        _tell(name, Stall(calm, field), Stall(old, field), tokens, options, report)
        say(f"Places held and freed {options.churn:,} times …")
        churn.run(busy, house, places=options.churned_places, cycles=options.churn)
        name = f"after {options.churn:,} that expired"
        _tell(name, Stall(calm, field), Stall(busy, field), tokens, options, report)


def _calm_database(running: Machine, options: argparse.Namespace) -> tuple[House, list[str]]:
    """A database of few orders and two copies of it; what is in them, and tokens good in all."""
    with running.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(CALM)))
    url = machine.url_of(running.socket_dir, CALM)
    machine.make_tables({**running.environment, "DATABASE_URL": url})
    scale = data.Scale(
        customers=CUSTOMERS, places=options.churned_places, old_orders=FEW_ORDERS, stadium_rows=1
    )
    with machine.connect(running.socket_dir, CALM) as connection:
        with connection.transaction():
            house = data.fill(connection, scale)
        data.settle(connection)
    with django_at(CALM):
        tokens = orders.tokens_of(house)
    with running.connect() as connection:
        for copy in (OLD, BUSY):
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(copy), sql.Identifier(CALM)
                )
            )
    return house, tokens


def _tell(
    name: str,
    easy: Stall,
    hard: Stall,
    tokens: Sequence[str],
    options: argparse.Namespace,
    report: Report,
) -> None:
    say(f"Orders here and there: {name} …")
    usual, found = comparing.compare(
        easy, hard, tokens, slices=options.slices, size=options.slice_orders
    )
    figures: list[tuple[str, str, Sequence[float], Sequence[float]]] = [
        ("through HTTP", "ms", found.slices, usual.slices),
        ("its queries", "ms", found.alone, usual.alone),
        ("pages touched", "", found.pages, usual.pages),
    ]
    for what, unit, here, there in figures:
        title = f"cost of an order, {name}: {what}"
        report.lines.append(Line(title, median(here), unit, median(there)))
