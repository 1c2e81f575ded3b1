"""Opens pages as people do, one browser context for each, and keeps small pictures of them."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from sandbox.screenshots.pages import Shot
from sandbox.shop import PASSWORD

WIDTHS = {1280: 800, 390: 844}  # of a desktop and a phone, with the height of their window
TALLEST = 2  # windows; what is below is cut off
QUALITY = 45


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of the machine's: `CHROMIUM` names another one."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Camera:
    """Takes the pictures of a table into a folder. People stay logged in from one to the next."""

    def __init__(self, browser: Browser, public: str, folder: Path) -> None:
        self.browser, self.public, self.folder = browser, public, folder
        self.pages: dict[tuple[str, str], Page] = {}

    def take(self, shot: Shot, places: dict[str, str]) -> None:
        """One picture for each width, of the same visit."""
        page = self.page_of(shot.who, shot.language)
        page.set_viewport_size({"width": 1280, "height": WIDTHS[1280]})
        address = shot.address.format(**places)
        page.goto(address if address.startswith("http") else f"{self.public}{address}")
        if shot.steps:
            shot.steps(page)
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            _settle(page)
            if "/admin/" in page.url:
                _fit(page, width, height)
            taken = page.screenshot(full_page=True, animations="disabled", caret="hide")
            _keep(taken, self.folder / file_name(shot, width), tallest=height * TALLEST)

    def page_of(self, who: str, language: str = "en") -> Page:
        """The open page of a person of the demo, logged in."""
        key = who, language
        if key not in self.pages:
            locale = {"en": "en-GB", "vi": "vi-VN"}[language]
            page = self.browser.new_context(locale=locale, reduced_motion="reduce").new_page()
            if who:
                self._log_in(page, f"{who}@example.com")
            self.pages[key] = page
        return self.pages[key]

    def _log_in(self, page: Page, email: str) -> None:
        page.goto(f"{self.public}/accounts/login/?next=/orders/")
        page.locator("[name=login]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url("**/orders/")


def _fit(page: Page, width: int, height: int) -> None:
    """Make the window as tall as the page, so that bars that stick to its edges lie there."""
    needed = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(needed, height), height * TALLEST)})
    _settle(page)


def _settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("() => document.fonts.ready")
    # What follows a change of size is drawn in the next frame.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")


def file_name(shot: Shot, width: int) -> str:
    return f"{shot.name}-{width}.webp"


def _keep(png: bytes, path: Path, *, tallest: int) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    cut = picture.crop((0, 0, picture.width, min(picture.height, tallest)))
    cut.save(path, "WEBP", quality=QUALITY, method=6)
