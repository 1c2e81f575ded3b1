from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, product: RunningProduct) -> Iterator[Page]:
    """A page that fails the test if it talks to any other machine or throws an error."""
    with watched_page(browser, product) as page:
        yield page


@contextmanager
def watched_page(browser: Browser, product: RunningProduct, **how: Any) -> Iterator[Page]:
    """Refused scripts and styles, which a strict policy reports, are errors too."""
    context = browser.new_context(**{"locale": "en-GB", **how})
    page = context.new_page()
    strangers: list[str] = []
    errors: list[str] = []
    ours = (product.url, product.sandbox_url, "data:", "blob:")
    page.on(
        "request", lambda sent: None if sent.url.startswith(ours) else strangers.append(sent.url)
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if is_refused(said.text) else None)
    yield page
    context.close()
    assert strangers == []
    assert errors == []


def is_refused(said: str) -> bool:
    return "Content Security Policy" in said
