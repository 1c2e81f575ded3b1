from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.product.buyer import Buyer
from tests.product.running import RunningProduct


@pytest.fixture(autouse=True)
def _database() -> None:
    """The product has a database of its own; tests talk to it over HTTP only."""


@pytest.fixture
def new_product(tmp_path: Path) -> Iterator[Callable[..., RunningProduct]]:
    """Starts a product of the test's own; all of them share one data folder."""
    with ExitStack() as stack:

        def start(**settings: str) -> RunningProduct:
            running = RunningProduct(tmp_path, **settings)
            stack.callback(running.close)
            running.start()
            return running

        yield start


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProduct]:
    """The running product; the database is checked when all tests are done with it."""
    running = RunningProduct(tmp_path_factory.mktemp("product"))
    with closing(running):
        running.start()
        yield running
        checked = running.run("manage.py", "verify_invariants")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture
def buyer(product: RunningProduct) -> Iterator[Buyer]:
    """A new customer of the running product."""
    with closing(Buyer(product)) as buyer:
        yield buyer
