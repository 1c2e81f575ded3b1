from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.product.running import RunningProduct


@pytest.fixture(autouse=True)
def _database() -> None:
    """The product has a database of its own; tests talk to it over HTTP only."""


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProduct]:
    """The running product; the database is checked when all tests are done with it."""
    running = RunningProduct(tmp_path_factory.mktemp("product"))
    running.start()
    yield running
    checked = running.run("manage.py", "verify_invariants")
    running.stop()
    running.close()
    assert checked.returncode == 0, checked.stdout + checked.stderr
