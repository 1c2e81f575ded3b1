"""Break everything around a shop at work: `python -m benchmarks.chaos`; see `make chaos`."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import closing
from pathlib import Path

import django

from benchmarks import machine
from benchmarks.chaos.fleet import Fleet
from sandbox.run import say

LOG = Path("benchmarks/results/chaos.log")
# A quarter of a minute more than the least time that paying wants.
TTL_SECONDS = 75


def main() -> int:
    """Run, print the figures; 1 if a promise was broken."""
    options = parse_options()
    environment = machine.prepare_environment()
    chosen = {
        "ORDER_TTL_SECONDS": str(TTL_SECONDS),
        "EMAIL_URL": f"smtp://127.0.0.1:{environment['SANDBOX_SMTP_PORT']}",
        "DJANGO_SETTINGS_MODULE": "ticketing.settings",
    }
    environment.update(chosen)
    os.environ.update(chosen)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    say(f"Starting the product; what its parts say goes to {LOG} …")
    with LOG.open("wb") as log, closing(Fleet(environment, log)) as fleet:
        fleet.start()
        django.setup()
        from benchmarks.chaos.storm import break_everything  # its models want the settings

        return break_everything(fleet, **vars(options))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="of load and faults (120)")
    parser.add_argument("--shoppers", type=int, default=12, help="at the same time (12)")
    parser.add_argument("--seed", type=int, default=9, help="another one: another order of faults")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
