"""kill -9 at random moments, while customers buy: everything comes to its end all the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from unittest.mock import patch

import httpx
import psycopg
import pytest

from sandbox import run
from tests.product.running import RunningProduct
from tests.sandbox_process import wait_until

ORDERS = int(os.environ.get("STORM_ORDERS", "150"))  # 2,000 for a night's run
BUYERS = 8
TTL_SECONDS = 75  # a minute more than the least time that paying wants
PASSWORD = "demo-tickets-2026"


class Fleet:
    """The parts of `make run`, each started anew when it was killed."""

    def __init__(self, product: RunningProduct) -> None:
        with patch.dict(os.environ, product.environment, clear=True):
            self.environment = run.chosen_environment()
        self.database = run.start_database(self.environment)
        run.manage(["migrate", "--no-input", "--verbosity", "0"], self.environment)
        run.manage(["seed_demo", "--customers", str(BUYERS)], self.environment)
        self.commands = run.servers(self.environment)
        self.running = [self._start(command) for command in self.commands]
        assert run.become_ready(self.environment, self.running)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return run.start(command, self.environment, stdout=subprocess.DEVNULL)

    def kill_one(self, dice: random.Random) -> None:
        """End a part with all its workers as a crash does, and start it again."""
        number = dice.randrange(len(self.running))
        with suppress(ProcessLookupError):  # it has died of the end of another part
            os.killpg(self.running[number].pid, signal.SIGKILL)
        self.running[number].wait()
        self.running[number] = self._start(self.commands[number])

    def ask(self, sql: str) -> int:
        folder = f"{self.environment['DATA_DIR']}/postgres"
        with psycopg.connect(host=folder, user="postgres", dbname="ticketing") as connection:
            return connection.execute(sql).fetchone()[0]

    def close(self) -> None:
        run.stop(self.running)
        run.stop(self.database)


@pytest.fixture
def product(tmp_path):
    product = RunningProduct(
        tmp_path,
        ORDER_TTL_SECONDS=str(TTL_SECONDS),
        CUSTOMER_MAX_TICKETS_PER_SHOWING="100000",
        LOG_LEVEL="CRITICAL",
    )
    yield product
    product.close()


@pytest.fixture
def fleet(product):
    fleet = Fleet(product)
    yield fleet
    fleet.close()


def stubbornly(send):
    """What a good client does: ask again with the same key until there is an answer."""
    deadline = time.monotonic() + 120
    while True:
        try:
            answer = send()
            if answer.status_code < 500 and answer.status_code != 429:
                return answer
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "no answer for two minutes"
        time.sleep(0.2)


class Shopper:
    """One customer who buys three standing places, pays most of the time, and goes on."""

    def __init__(self, product: RunningProduct, number: int) -> None:
        self.product, self.dice = product, random.Random(number)
        self.http = httpx.Client(base_url=product.url, trust_env=False, timeout=20)
        body = {"email": f"customer{number}@example.com", "password": PASSWORD}
        login = "/_allauth/app/v1/auth/login"
        token = stubbornly(lambda: self.http.post(login, json=body)).json()["meta"]["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def buy(self, area: dict[str, int]) -> str:
        """Place an order and perhaps pay it; answers `placed`, `paid`, or the refusal."""
        placed = self._post("/api/v1/orders/", {**area, "quantity": 1})
        if placed.status_code != 201:
            return placed.json()["code"]
        if self.dice.random() < 0.3:
            return "placed"
        code = placed.json()["code"]
        attempt = self._post(f"/api/v1/orders/{code}/payments/", {"provider": "vnpay"})
        body = {"payment_url": attempt.json()["payment_url"], "outcome": "success"}
        url = f"{self.product.sandbox_url}/control/pay"
        stubbornly(lambda: self.http.post(url, json=body))
        return "paid"

    def _post(self, path: str, body: dict[str, object]) -> httpx.Response:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return stubbornly(lambda: self.http.post(path, json=body, headers=key))


def field_of(product):
    events = product.http.get("/api/v1/events/chung-ket-cup-quoc-gia/").json()
    showing = product.http.get(f"/api/v1/showings/{events['showings'][0]['id']}/").json()
    [field] = [area for area in showing["areas"] if area["is_general_admission"]]
    return {"showing": showing["id"], "area": field["id"]}


def test_kill_9_at_random_moments_loses_nothing(product, fleet):
    field = field_of(product)
    over = threading.Event()

    def shop(number):
        shopper = Shopper(product, number)
        outcomes = Counter(shopper.buy(field) for _ in range(ORDERS // BUYERS))
        shopper.http.close()
        return outcomes

    def crash():
        dice = random.Random(9)
        while not over.wait(1.5):
            fleet.kill_one(dice)

    crasher = threading.Thread(target=crash)
    crasher.start()
    with ThreadPoolExecutor(BUYERS) as pool:
        outcomes = sum(pool.map(shop, range(1, BUYERS + 1)), Counter())
    over.set()
    crasher.join()

    unsettled = "SELECT count(*) FROM orders_order WHERE status = 'pending_payment'"
    undone = "SELECT count(*) FROM jobs_job WHERE status IN ('pending', 'published')"
    wait_until(lambda: fleet.ask(unsettled) == 0, seconds=300, what="every order to be settled")
    wait_until(lambda: fleet.ask(undone) == 0, seconds=300, what="every job to be done")

    assert set(outcomes) == {"placed", "paid"}
    assert fleet.ask("SELECT count(*) FROM jobs_job WHERE status = 'dead'") == 0
    paid = fleet.ask("SELECT count(*) FROM orders_order WHERE status = 'paid'")
    late = fleet.ask("SELECT count(*) FROM payments_paymentcase WHERE kind = 'late'")
    assert paid + late == outcomes["paid"]
    assert product.run("manage.py", "verify_invariants").returncode == 0
    assert mails_of(product, "Your tickets") == paid


def mails_of(product, fact):
    """Different mails of a fact: what a crash repeats has the same Message-ID."""
    mails = product.stand_in.get("/control/mails").json()["mails"]
    return len({mail["message_id"] for mail in mails if mail["subject"].startswith(fact)})
