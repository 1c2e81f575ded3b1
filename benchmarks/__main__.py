"""Run all benchmarks: `python -m benchmarks [--seconds N] [--clients N]`; see `make bench`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from types import FrameType

import django

from benchmarks import data, floor, load, machine, orders, plan_in_browser, seat_map
from benchmarks.report import Line, Report, about
from sandbox.run import say

WARM_UP = 3.0
FULL_READS = 15


def main() -> int:
    """Measure, print the table, save the file; 1 if an answer was wrong or a rule is broken."""
    options = parse_options()
    signal.signal(signal.SIGTERM, _stop)
    environment = machine.prepare_environment()
    say("Making a database with a stadium, a standing field and 20,000 old orders …")
    socket_dir = machine.start_database(environment)
    with machine.connect(socket_dir) as connection:
        with connection.transaction():
            house = data.fill(connection, data.Scale())
        data.settle(connection)
        (postgres,) = connection.execute("SHOW server_version").fetchone() or ("",)
    report = Report(about=about(str(postgres), **vars(options)))
    with machine.web_server(environment, socket_dir) as running:
        wrong = measure_orders(running, house, options, report)
        wrong |= measure_seat_map(running, house, options, report)
        measure_plan(running, house, report)
        measure_overdue(running, house, options, report)
        report.lines += [
            Line("web: from start to ready", running.seconds_to_ready, "s"),
            Line("web: memory of a worker after all this", running.megabytes_of_worker(), "MB"),
        ]
        measure_campaigns(environment, options, report)
        measure_relay(running, environment, options, report)
    with machine.connect(socket_dir) as connection:
        data.settle(connection)  # the rules are read by joins, which go by statistics
    problems = broken_rules(environment)
    report.notes.append(problems or "Everything that was written keeps every rule.")
    measure_lists(options, report)
    report.save()
    say("\n" + report.table())
    return int(wrong or bool(problems))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="measured time of orders (20)")
    parser.add_argument("--clients", type=int, default=32, help="simultaneous buyers (32)")
    parser.add_argument(
        "--finished", type=int, default=1_000_000, help="finished jobs behind the relay (1,000,000)"
    )
    parser.add_argument("--overdue", type=int, default=100_000, help="overdue orders (100,000)")
    parser.add_argument(
        "--listed",
        type=int,
        default=200_000,
        help="orders in the lists of the back office (200,000)",
    )
    parser.add_argument("--refunds", type=int, default=400, help="orders of a campaign (400)")
    parser.add_argument("--connections", type=int, default=8, help="of a campaign to VNPay (8)")
    options = parser.parse_args()
    if options.seconds < 2 or options.clients < 1:
        parser.error("--seconds must be at least 2 and --clients at least 1.")
    return options


def measure_orders(
    running: machine.Machine, house: data.House, options: argparse.Namespace, report: Report
) -> bool:
    """Orders between two halves of their floor; whether any answer was not 201."""
    django.setup()
    tokens = orders.tokens_of(house)
    statements = orders.count_statements(house, tokens[0])
    clients, seconds = options.clients, options.seconds
    say(f"The floor of orders, first half: pgbench, {clients} clients …")
    first = floor.measure(running, house, clients=clients, seconds=seconds // 2)
    say(f"Orders through HTTP: {clients} clients, {seconds} s …")
    _checkpoint(running)
    placed = orders.measure(
        running, house, tokens, clients=clients, warm_up=WARM_UP, seconds=seconds
    )
    say("The floor of orders, second half …")
    _checkpoint(running)
    second = floor.measure(running, house, clients=clients, seconds=seconds // 2)
    say("Refusals through HTTP: everybody wants the same two seats …")
    refused = orders.measure_refusals(
        running, house, tokens, clients=clients, seconds=max(2, seconds // 4)
    )
    tell_orders(report, placed, floor.both(first, second), statements)
    tell_refusals(report, refused, placed)
    # At most the first of them was no refusal, and it was one order.
    return bool(placed.errors(201)) or refused.statuses[409] + 1 < refused.statuses.total()


def tell_orders(
    report: Report, placed: load.Load, lowest: floor.Floor, statements: orders.Statements
) -> None:
    count = max(placed.statuses[201], 1)
    report.lines += [
        Line("orders: rate", placed.rate(201), "/s", lowest.per_second),
        Line("orders: median time", placed.percentile(50), "ms", lowest.milliseconds),
        Line("orders: 95 of 100 within", placed.percentile(95), "ms"),
        Line("orders: 99 of 100 within", placed.percentile(99), "ms"),
        Line("orders: SQL statements each", len(statements.sql), "", 1),
        Line("orders: CPU of web workers, each", placed.cpu["web"] / count * 1000, "ms"),
        Line(
            "orders: CPU of PostgreSQL, each",
            placed.cpu["postgres"] / count * 1000,
            "ms",
            lowest.postgres_cpu / lowest.orders * 1000,
        ),
    ]
    load_share = placed.cpu["load"] / placed.seconds
    report.notes += [
        f"Orders placed: {placed.statuses[201]:,}; other answers: {placed.errors(201) or 'none'}.",
        f"The load generator used {load_share:.0%} of one CPU.",
        f"Besides {len(statements.sql)} SQL statements: {', '.join(statements.control)}.",
        "The floor of times is pgbench's average; fsync and synchronous_commit are on.",
    ]
    report.details |= {"statements": statements.sql, "cpu_seconds": dict(placed.cpu)}


def tell_refusals(report: Report, refused: load.Load, placed: load.Load) -> None:
    count = max(refused.statuses[409], 1)
    report.lines += [
        Line("refusals: rate", refused.rate(409), "/s", placed.rate(201)),
        Line("refusals: median time", refused.percentile(50), "ms", placed.percentile(50)),
        Line("refusals: 99 of 100 within", refused.percentile(99), "ms", placed.percentile(99)),
        Line("refusals: CPU of web workers, each", refused.cpu["web"] / count * 1000, "ms"),
    ]
    report.notes.append("The floor of refusals is an order that is accepted.")


def measure_seat_map(
    running: machine.Machine, house: data.House, options: argparse.Namespace, report: Report
) -> bool:
    """The stadium's map, whole and refreshed; whether any answer had the wrong status."""
    say(f"The seat map of {house.stadium_seats:,} seats …")
    full = seat_map.measure_full(running, house, reads=FULL_READS)
    refreshed = seat_map.measure_refreshes(running, house, seconds=max(1, options.seconds / 7))
    report.lines += [
        Line("seat map: whole, after a change", full.http, "ms", full.sql),
        Line("seat map: whole, by the next reader", full.kept, "ms", full.sql),
        Line("seat map: unchanged (304)", refreshed.unchanged, "/s", refreshed.empty),
        Line("seat map: 100 changed seats", refreshed.delta, "/s", refreshed.empty),
    ]
    wrong = refreshed.errors
    report.notes += [
        f"The whole map has {full.size:,} bytes; its floor is its SQL alone, read in turns.",
        f"The floor of refreshes is a view that does nothing; wrong answers: {wrong or 'none'}.",
        "The changed seats are the same for all readers: one of each worker has them read.",
    ]
    return bool(wrong)


def measure_plan(running: machine.Machine, house: data.House, report: Report) -> None:
    """The same house as customers see it; nothing but a note where there is no browser."""
    say(f"The plan of {house.stadium_seats:,} seats in a browser …")
    report.add(*plan_in_browser.figures(running, house))


def measure_overdue(
    running: machine.Machine, house: data.House, options: argparse.Namespace, report: Report
) -> None:
    """Ending what nobody tried to pay, alone and beside buyers, who are measured without it too."""
    from benchmarks import overdue  # it reads models, which exist from `django.setup` on

    say(f"The sweep: {options.overdue:,} overdue orders, then again beside buyers …")
    ended = overdue.measure(running, house, count=options.overdue)
    tokens, clients, seconds = orders.tokens_of(house), options.clients, options.seconds // 2
    calm = orders.measure(running, house, tokens, clients=clients, warm_up=WARM_UP, seconds=seconds)
    busy = overdue.measure_beside_buyers(
        running, house, tokens, count=options.overdue, clients=clients, seconds=seconds
    )
    report.lines += [
        Line("overdue: orders ended", ended.per_second, "/s"),
        Line("overdue: orders ended, database's time alone", ended.per_database_second, "/s"),
        Line("overdue: memory it grew by", ended.megabytes, "MB"),
        Line(
            "overdue: 99 of 100 buyers beside it within",
            busy.percentile(99),
            "ms",
            calm.percentile(99),
        ),
    ]
    report.notes.append("The floor of buyers beside the sweep is the same buyers without it.")


def measure_relay(
    running: machine.Machine,
    environment: dict[str, str],
    options: argparse.Namespace,
    report: Report,
) -> None:
    """The outbox's way to QStash, with little and with much behind it."""
    from benchmarks import relay  # it reads models, which exist from `django.setup` on

    say(f"The relay: {relay.WAITING:,} jobs, then again with {options.finished:,} finished ones …")
    found = relay.measure(running, environment, finished=options.finished)
    report.lines += [
        Line("relay: jobs published", found.per_second, "/s", found.floor),
        Line("relay: the same in a full table", found.per_second_in_full_table, "/s", found.floor),
        Line("relay: memory it grew by", found.megabytes, "MB"),
    ]
    report.notes.append("The relay's floor is the stand-in's own rate for the same batches.")


def measure_campaigns(
    environment: dict[str, str], options: argparse.Namespace, report: Report
) -> None:
    """Giving the money of cancelled events back, approved only and through VNPay's stand-in."""
    from benchmarks import campaigns  # it reads models, which exist from `django.setup` on

    count = options.connections
    say(f"Three cancelled events of {options.refunds} orders, {count} calls to VNPay at a time …")
    found = campaigns.measure(environment, orders=options.refunds, connections=count)
    report.lines += [
        Line("campaign: orders approved", found.approved, "/s"),
        Line("campaign: paid back, VNPay at 0 ms", found.paid_back, "/s"),
        Line("campaign: paid back, VNPay at 50 ms", found.paid_back_slowly, "/s", found.slowest),
        Line("campaign: SQL statements each", found.statements, ""),
        Line("campaign: memory it grew by", found.megabytes, "MB"),
    ]
    report.notes.append(
        "A campaign's floor is a provider that thinks 50 ms over each refund, and nothing else."
    )


def measure_lists(options: argparse.Namespace, report: Report) -> None:
    """The lists of the back office, each with its page far back beside its first one."""
    from benchmarks import lists  # it reads models, which exist from `django.setup` on

    say(f"The lists of the back office with {options.listed:,} orders …")
    member = lists.fill(options.listed)
    for each in lists.measure(member):
        report.lines.append(Line(f"list: {each.name}, SQL statements", each.statements, ""))
        if each.deep is not None:
            deep, first = each.deep * 1000, each.first * 1000
            report.lines.append(Line(f"list: {each.name}, page {lists.DEEP:,}", deep, "ms", first))
    for file in lists.measure_files():
        report.lines += [
            Line(f"file: {file.rows:,} orders as {file.name}", file.rate, "rows/s"),
            Line(f"file: memory it grew by as {file.name}", file.megabytes, "MB"),
        ]
    report.notes.append(
        "The floor of a list's page far back is its first page, whose rows have shorter links: "
        "Django puts the way back to any other page into each."
    )


def broken_rules(environment: dict[str, str]) -> str:
    """What `verify_invariants` says if orders or floor left data that breaks a rule, else ""."""
    say("Checking what was written against the rules …")
    command = [sys.executable, "manage.py", "verify_invariants"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def _checkpoint(running: machine.Machine) -> None:
    with running.connect() as connection:
        connection.execute("CHECKPOINT")


def _stop(signal_number: int, frame: FrameType | None) -> None:
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    sys.exit(main())
