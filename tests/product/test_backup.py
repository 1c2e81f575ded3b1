"""A backup made while people buy is a sound shop of its own, with all that was acknowledged."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.product.buyer import Buyer, paid_areas
from tests.sandbox_process import wait_until
from ticketing.embedded_postgres.server import program, start

BUYERS = 3
BEFORE, AFTER = 9, 6  # orders that are acknowledged before the dump begins, and after it ended


class Rush:
    """Customers who buy one place after the other until they are told to stop."""

    def __init__(self) -> None:
        self.placed: list[str] = []
        self.paid: list[str] = []
        self.is_over = threading.Event()

    def shop(self, buyer: Buyer) -> None:
        showing, area = next(paid_areas(buyer, general_admission=True))
        wish = {"showing": showing["id"], "area": area["id"], "quantity": 1}
        while not self.is_over.is_set():
            order = buyer.order(wish)
            self.placed.append(order["code"])
            body = {"payment_url": buyer.pay_url(order), "outcome": "success"}
            paid = buyer.product.stand_in.post("/control/pay", json=body).json()
            buyer.product.http.get(paid["return_url"])
            if buyer.status(order) == "paid":
                self.paid.append(order["code"])


@contextmanager
def rush_of(buyers: list[Buyer]) -> Iterator[Rush]:
    rush = Rush()
    with ThreadPoolExecutor(len(buyers)) as pool:
        runs = [pool.submit(rush.shop, buyer) for buyer in buyers]
        try:
            yield rush
        finally:
            rush.is_over.set()
    for run in runs:
        run.result()


class Server:
    """A running PostgreSQL, and the programs that come with it."""

    def __init__(self, socket_dir: str | Path) -> None:
        self.socket_dir = socket_dir

    @classmethod
    def of(cls, product) -> Server:
        lines = (product.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        return cls(lines[4])

    def tried(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program(name), "--username=postgres", f"--host={self.socket_dir}", *arguments],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, name: str, *arguments: str) -> str:
        done = self.tried(name, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def column(self, database: str, sql: str) -> set[str]:
        return set(self.run("psql", "-At", f"--dbname={database}", f"--command={sql}").split())

    def url(self, database: str, role: str = "postgres") -> str:
        return f"postgres://{role}@/{database}?host={self.socket_dir}"


RESTORE = ("pg_restore", "--exit-on-error", "--single-transaction", "--dbname=restored")


@pytest.fixture
def buyers(product) -> Iterator[list[Buyer]]:
    buyers = [Buyer(product) for _ in range(BUYERS)]
    yield buyers
    for buyer in buyers:
        buyer.close()


def test_a_dump_made_while_people_buy_has_all_that_was_acknowledged(product, buyers, tmp_path):
    server, dump = Server.of(product), str(tmp_path / "dump")
    with rush_of(buyers) as rush:
        wait_until(lambda: len(rush.paid) >= BEFORE, seconds=60, what="the first orders")
        placed, paid = set(rush.placed), set(rush.paid)
        server.run("pg_dump", "--format=custom", f"--file={dump}", "ticketing")
        enough = len(rush.placed) + AFTER
        wait_until(lambda: len(rush.placed) >= enough, seconds=60, what="orders after the dump")

    server.run("createdb", "restored")
    server.run(*RESTORE, dump)
    server.run("vacuumdb", "--analyze-only", "restored")

    codes = server.column("restored", "SELECT code FROM orders_order")
    assert placed <= codes
    assert paid <= server.column("restored", "SELECT code FROM orders_order WHERE status = 'paid'")
    assert set(rush.placed) - codes  # people went on buying meanwhile
    for check in (["verify_invariants"], ["migrate", "--check"]):
        manage(product, server.url("restored"), *check)


def manage(product, database_url, *command):
    done = product.run("manage.py", *command, DATABASE_URL=database_url)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def elsewhere(tmp_path) -> Server:
    """A server that has just been made: it knows no role but its own first one."""
    return Server(start(tmp_path / "elsewhere", "postgres"))


def test_a_dump_is_restored_on_another_server(product, elsewhere, tmp_path):
    """Step by step as docs/backup.md has it."""
    dump = str(tmp_path / "dump")
    Server.of(product).run("pg_dump", "--format=custom", f"--file={dump}", "ticketing")
    for name in ("ticketing", "restored"):  # the first comes with the server, and is empty
        elsewhere.run("createdb", name)
    assert 'role "shop" does not exist' in elsewhere.tried(*RESTORE, dump).stderr
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    assert elsewhere.column("restored", tables) == set()

    elsewhere.run("createuser", "shop")
    elsewhere.run(*RESTORE, dump)
    elsewhere.run("vacuumdb", "--analyze-only", "restored")
    elsewhere.run("psql", "--dbname=restored", "--command=UPDATE ticketing_seat SET changed_in = 0")

    for old, new in (("ticketing", "ticketing_before"), ("restored", "ticketing")):
        elsewhere.run("psql", f"--command=ALTER DATABASE {old} RENAME TO {new}", "postgres")

    owner, shop = elsewhere.url("ticketing"), elsewhere.url("ticketing", "shop")
    manage(product, owner, "migrate", "--no-input")
    manage(product, owner, "grant_rights", "--to", "shop")
    for role in (owner, shop):
        manage(product, role, "verify_invariants")
