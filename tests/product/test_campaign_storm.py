"""An event of thousands is refunded while those who do it are killed again and again."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from unittest.mock import patch

import psutil
import psycopg
import pytest

from sandbox import run
from tests.product.campaign_world import ADMIN, SLUG, odd_ones
from tests.product.running import RunningProduct
from tests.sandbox_process import wait_until

ORDERS = int(os.environ.get("STORM_ORDERS", "300"))  # 20,000 for a night's run
PATIENCE = 300 + ORDERS // 4
CONNECTIONS = 6
KILLS, SECONDS_BETWEEN_KILLS = 8, max(2.0, ORDERS / 400)
MEGABYTE = 2**20

CAMPAIGN = f"""
SELECT c.status FROM refunds_refundcampaign c JOIN ticketing_event e ON e.id = c.event_id
WHERE e.slug = '{SLUG}'
"""
ENDED_HOW = """
SELECT e.status, count(*), count(*) FILTER (WHERE o.refunded_amount = o.total_amount
    AND o.status = 'refunded'), count(*) FILTER (WHERE e.note <> '')
FROM refunds_campaignorder e JOIN orders_order o ON o.id = e.order_id GROUP BY e.status
"""
OUR_BOOKS = """
SELECT p.txn_ref, sum(v.amount)::bigint, count(*) FROM payments_reversal v
JOIN payments_payment p ON p.id = v.payment_id WHERE v.status = 'succeeded' GROUP BY p.txn_ref
"""
THEIR_BOOKS = "SELECT txn_ref, sum(amount) / 100, count(*) FROM refunds GROUP BY txn_ref"


class Storm:
    """The stand-in, which stays, and those who work on the campaign, who do not."""

    def __init__(self, product: RunningProduct) -> None:
        with patch.dict(os.environ, product.environment, clear=True):
            self.environment = run.chosen_environment()
        self.database = run.start_database(self.environment)
        run.manage(["migrate", "--no-input", "--verbosity", "0"], self.environment)
        run.manage(["seed_demo"], self.environment)
        self.serving = run.with_few_rights(self.environment)
        self.stand_in = self._start(run.servers(self.environment)[0])
        health = f"{product.sandbox_url}/control/health"
        wait_until(lambda: run.answers(health), seconds=30, what="the stand-in")
        drive = ["run_campaign", SLUG, "--start", "--by", ADMIN, "--connections", str(CONNECTIONS)]
        jobs = ["run_due_jobs", "--every", "0.5"]
        manage = [sys.executable, "manage.py"]
        self.commands = [[*manage, *jobs], [*manage, *drive], [*manage, *drive]]
        self.running: list[subprocess.Popen[bytes]] = []
        self.sizes: list[tuple[int, int]] = []

    def begin(self) -> None:
        self.running = [self._start(command) for command in self.commands]

    def kill_one(self, dice: random.Random) -> None:
        number = dice.randrange(len(self.running))
        with suppress(ProcessLookupError):
            os.killpg(self.running[number].pid, signal.SIGKILL)
        self.running[number].wait()
        self.running[number] = self._start(self.commands[number])

    def measure(self) -> None:
        """How large the drivers are that are at work, by their process: these have threads."""
        for process in self.running[1:]:
            with suppress(psutil.Error):
                driver = psutil.Process(process.pid)
                if driver.num_threads() > CONNECTIONS:
                    self.sizes.append((process.pid, driver.memory_info().rss))

    def ask(self, sql: str) -> list[tuple]:
        folder = f"{self.environment['DATA_DIR']}/postgres"
        with psycopg.connect(host=folder, user="postgres", dbname="ticketing") as connection:
            return connection.execute(sql).fetchall()

    def books_of_the_provider(self) -> list[tuple]:
        with sqlite3.connect(self.environment["SANDBOX_DATA"]) as books:
            return books.execute(THEIR_BOOKS).fetchall()

    def close(self) -> None:
        run.stop(self.running)
        run.stop([self.stand_in])
        run.stop(self.database)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return run.start(command, self.serving, stdout=subprocess.DEVNULL)


@pytest.fixture
def storm(tmp_path):
    product = RunningProduct(
        tmp_path,
        SANDBOX_REFUND_SECONDS="0",
        SANDBOX_QUERY_WINDOW_SECONDS="0",
        VNPAY_QUERY_INTERVAL_SECONDS="1",
        CUSTOMER_MAX_TICKETS_PER_SHOWING="100000",
        LOG_LEVEL="CRITICAL",
    )
    storm = Storm(product)
    yield storm
    storm.close()
    product.close()


def growth(sizes):
    """How much the driver grew that lived longest, from a tenth of its life on, in bytes."""
    lives: dict[int, list[int]] = {}
    for pid, size in sizes:
        lives.setdefault(pid, []).append(size)
    longest = max(lives.values(), key=len)
    return longest[-1] - longest[len(longest) // 10]


def test_a_campaign_whose_workers_are_killed_pays_everybody_once(storm):
    world = [sys.executable, "-m", "tests.product.inside", "campaign_world", str(ORDERS)]
    environment = {**storm.environment, "DJANGO_SETTINGS_MODULE": "ticketing.settings"}
    subprocess.run(world, env=environment, check=True)
    storm.begin()
    started, dice = time.monotonic(), random.Random(7)

    for _ in range(KILLS):
        time.sleep(SECONDS_BETWEEN_KILLS)
        storm.kill_one(dice)
        storm.measure()

    def is_over():
        time.sleep(1)
        storm.measure()
        return storm.ask(CAMPAIGN) == [("completed",)]

    wait_until(is_over, seconds=PATIENCE, what="the campaign to be completed")
    seconds = time.monotonic() - started
    undone = "SELECT count(*) FROM refunds_refund WHERE status IN ('approved', 'processing')"
    wait_until(lambda: storm.ask(undone) == [(0,)], seconds=180, what="late payments to go back")

    ended = {status: counts for status, *counts in storm.ask(ENDED_HOW)}
    grown = growth(storm.sizes) / MEGABYTE
    sys.stdout.write(f"{ORDERS} orders in {seconds:.0f} s: {ended}; grown by {grown:.1f} MB\n")
    assert set(ended) <= {"done", "listed"}
    assert sum(count for count, *_ in ended.values()) == ORDERS + odd_ones(ORDERS)
    count, refunded, _ = ended["done"]
    assert count == refunded
    count, refunded, explained = ended.get("listed", [0, 0, 0])
    assert (refunded, explained) == (0, count)
    assert count <= KILLS * CONNECTIONS  # of each killed process the calls it was about to make
    assert sorted(storm.ask(OUR_BOOKS)) == sorted(storm.books_of_the_provider())
    assert grown < 30
    verify = [sys.executable, "manage.py", "verify_invariants"]
    assert subprocess.run(verify, env=environment, check=False).returncode == 0
