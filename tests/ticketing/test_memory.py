"""What threads took for large answers is free again once these are sent."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.sandbox_process import ROOT

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
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has another malloc")
def test_threads_keep_nothing_of_large_answers():
    assert megabytes_grown("memory.give_large_pieces_back()") < 2


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has another malloc")
def test_control_left_to_itself_each_thread_keeps_its_share():
    assert megabytes_grown() > 8
