"""What threads took for large answers is free again once these are sent."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from tests.sandbox_process import ROOT

# What people set to have another malloc, or this one behave differently.
TUNING = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "PYTHONMALLOC")

# Each thread makes answers of 2 MB, and keeps a little of what it made on the way.
GROWTH = """
import threading
import psutil

def answer():
    start.wait()
    for _ in range(20):
        large = [bytearray(b"x") * 400_000 for _ in range(5)]
        kept.append(bytearray(1000))
        del large

kept, start = [], threading.Barrier(8)
before = psutil.Process().memory_info().rss
threads = [threading.Thread(target=answer) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print((psutil.Process().memory_info().rss - before) / 1e6)
"""


@pytest.fixture(autouse=True)
def _database():
    """Nothing here needs one."""


def megabytes_grown(prepare=""):
    code = f"from ticketing import memory\n{prepare}\n{GROWTH}"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(TUNING)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ran.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="malloc can't be told")
def test_threads_keep_little_of_what_each_keeps_of_large_answers_by_itself():
    by_itself = megabytes_grown()

    assert by_itself > 8  # else there is nothing to give back
    assert megabytes_grown("memory.give_large_pieces_back()") < by_itself / 4
