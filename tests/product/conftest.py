from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
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
    """The running product; when all tests are done with it, its database and its log are checked.

    The servers have the rights of `manage.py grant_rights` alone: none that they need is missing.
    """
    running = RunningProduct(tmp_path_factory.mktemp("product"))
    with closing(running):
        running.start()
        yield running
        checked = running.run("manage.py", "verify_invariants")
        assert "permission denied" not in running.log()
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture
def buyer(product: RunningProduct) -> Iterator[Buyer]:
    """A new customer of the running product."""
    with closing(Buyer(product)) as buyer:
        yield buyer


def chromium() -> str | None:
    """Where it is installed."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser, product: RunningProduct) -> Iterator[Callable[..., Page]]:
    """Opens pages, each with cookies of its own.

    The test fails if one talks to any other machine, throws an error, or breaks its own
    Content-Security-Policy.
    """
    ours = (product.url, product.sandbox_url, "data:", "blob:")
    wrong: list[str] = []

    def note_console(text: str) -> None:
        if "Content Security Policy" in text:
            wrong.append(text)

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{"locale": "en-GB", **options})
        stack.callback(context.close)
        page = context.new_page()
        page.on("request", lambda sent: sent.url.startswith(ours) or wrong.append(sent.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: note_console(message.text))
        return page

    with ExitStack() as stack:
        yield open_page
    assert wrong == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()
