"""Run all benchmarks, or some: `python -m benchmarks [--only orders,worker]`; see `make bench`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType

import django

from benchmarks import data, machine
from benchmarks.report import Report, about
from sandbox.run import say

# Modules, in the order of their running: each one's `tell` measures and adds to the report. What
# fills tables comes late; the lists show states that orders have no way to, so the rules are
# checked before.
CHAPTERS = [
    "orders", "whole_sale", "front_row", "seat_map", "plan_in_browser", "overdue", "worker",
    "campaigns", "relay", "cost", "rules", "lists",
]  # fmt: skip

OPTIONS = {
    "seconds": (20, "measured time of orders"),
    "clients": (32, "simultaneous buyers"),
    "overdue": (100_000, "overdue orders"),
    "requests": (100_000, "answers of the web workers"),
    "refunds": (2_000, "orders of a campaign"),
    "connections": (8, "of a campaign to VNPay"),
    "finished": (1_000_000, "finished jobs behind the relay"),
    "slices": (10, "of orders whose costs are compared, at each of two places"),
    "slice-orders": (200, "in each of them"),
    "full-places": (600_000, "of the fields that are 1 and 99 %% sold"),
    "few-places": (1_000, "of a small field"),
    "many-places": (1_000_000, "of a large one"),
    "old-orders": (5_000_000, "in the table"),
    "churn": (300_000, "orders that expired, of a busy hour"),
    "churned-places": (20_000, "that they had"),
    "listed": (200_000, "orders in the lists of the back office"),
}


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
    django.setup()
    with machine.web_server(environment, socket_dir) as running:
        for name in options.only:
            import_module(f"benchmarks.{name}").tell(running, house, options, report)
            # All of it takes half an hour: nothing is lost if it is broken off.
            report.save()
    say("\n" + report.table())
    return int(bool(report.failures))


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", type=_chapters, default=CHAPTERS, help=f"some of: {', '.join(CHAPTERS)}"
    )
    for name, (number, what) in OPTIONS.items():
        parser.add_argument(f"--{name}", type=int, default=number, help=f"{what} ({number:,})")
    options = parser.parse_args(arguments)
    if options.seconds < 2 or options.clients < 1:
        parser.error("--seconds must be at least 2 and --clients at least 1.")
    return options


def _chapters(text: str) -> list[str]:
    """Those that are named, in the order of all."""
    named = {name.strip() for name in text.split(",")}
    if unknown := named - set(CHAPTERS):
        raise argparse.ArgumentTypeError(f"there is no chapter {', '.join(sorted(unknown))}")
    return [name for name in CHAPTERS if name in named]


def _stop(signal_number: int, frame: FrameType | None) -> None:
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    sys.exit(main())
