"""Faults at every side of a shop at work: everything comes to its end all the same."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.product.running import OF_THE_TESTS, ROOT

SECONDS = os.environ.get("CHAOS_SECONDS", "30")  # 1,800 for a night's run
SEED = "3486"  # begins with the essential ones
ESSENTIAL = ["web server killed", "stand-ins killed", "PostgreSQL killed", "all connections taken"]


def test_faults_lose_nothing_and_repeat_nothing():
    kept = {name: value for name, value in os.environ.items() if name not in OF_THE_TESTS}
    chaos = [sys.executable, "-m", "benchmarks.chaos"]

    run = subprocess.run(
        [*chaos, f"--seconds={SECONDS}", f"--seed={SEED}", "--shoppers=6"],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "Every promise was kept." in run.stdout
    for fault in ESSENTIAL:
        assert f"{fault}: all well after" in run.stdout
