"""What the other chapters wrote must keep every rule of the product, or their figures are wrong."""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.data import House, settle
from benchmarks.machine import Machine
from benchmarks.report import Report
from sandbox.run import say


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """A note if every rule is kept, else a failure with those that are broken."""
    say("Checking what was written against the rules …")
    with running.connect() as connection:
        # The rules are read by joins, which go by statistics.
        settle(connection)
    command = [sys.executable, "manage.py", "verify_invariants"]
    done = subprocess.run(
        command, env=running.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        report.failures.append(done.stdout + done.stderr)
    else:
        report.notes.append("Everything that was written keeps every rule.")
