"""Run all benchmarks, or some: `python -m benchmarks [--only orders,worker]`; see `make bench`."""

from __future__ import annotations

import argparse
import signal
import sys
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
    "orders", "front_row", "seat_map", "plan_in_browser", "overdue", "worker", "campaigns", "relay",
    "rules", "lists",
]  # fmt: skip


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
    report.save()
    say("\n" + report.table())
    return int(bool(report.failures))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", type=_chapters, default=CHAPTERS, help=f"some of: {', '.join(CHAPTERS)}"
    )
    parser.add_argument("--seconds", type=int, default=20, help="measured time of orders (20)")
    parser.add_argument("--clients", type=int, default=32, help="simultaneous buyers (32)")
    parser.add_argument(
        "--finished", type=int, default=1_000_000, help="finished jobs behind the relay (1,000,000)"
    )
    parser.add_argument("--overdue", type=int, default=100_000, help="overdue orders (100,000)")
    parser.add_argument(
        "--requests", type=int, default=100_000, help="answers of the web workers (100,000)"
    )
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
