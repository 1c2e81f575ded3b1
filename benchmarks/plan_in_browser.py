"""The plan of a full stadium in a headless Chromium: how soon it is drawn, how well it moves."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import time
from dataclasses import dataclass

from playwright.sync_api import FloatRect, Page, ViewportSize, sync_playwright

from benchmarks.data import House
from benchmarks.machine import Machine
from benchmarks.report import Line, Report
from sandbox.run import say

WINDOW: ViewportSize = {"width": 1280, "height": 800}
SECONDS = 3.0
LONGEST = 20_000  # milliseconds, for each wait
NO_BROWSER = (
    "The plan was not drawn: there is no Chromium here. `apt-get install chromium`, or name one by "
    "CHROMIUM=/path/to/it."
)
ABOUT = "The plan is drawn by a headless Chromium without graphics card, 60 times a second at best."
DRAWN = "performance.getEntriesByName('seat-plan-drawn')"
FRAMES = """() => {
    const frames = window.frames_ = [];
    let last;
    requestAnimationFrame(function note(now) {
        if (last !== undefined) frames.push(now - last);
        last = now;
        requestAnimationFrame(note);
    });
}"""


@dataclass(frozen=True)
class Drawing:
    """Milliseconds: from the click that opens the page, and between two frames while it moves."""

    first: float
    frames: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.frames)

    @property
    def slow(self) -> float:
        """95 of 100 frames took no longer."""
        return statistics.quantiles(self.frames, n=20)[-1]


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """The stadium as customers see it; nothing but a note where there is no browser."""
    say(f"The plan of {house.stadium_seats:,} seats in a browser …")
    report.add(*figures(running, house))


def figures(machine: Machine, house: House) -> tuple[list[Line], str]:
    """The lines of the report and a note to them; no lines where there is no browser."""
    installed = shutil.which("chromium") or shutil.which("google-chrome")
    browser = os.environ.get("CHROMIUM") or installed
    if browser is None:
        return [], NO_BROWSER
    found = measure(browser, f"http://127.0.0.1:{machine.port}/showings/{house.stadium}/")
    lines = [
        Line("plan in a browser: drawn after", found.first, "ms"),
        Line("plan in a browser: frame while moving, median", found.median, "ms"),
        Line("plan in a browser: 95 of 100 frames within", found.slow, "ms"),
    ]
    return lines, ABOUT


def measure(browser: str, address: str) -> Drawing:
    """Open the page of a showing with an empty cache, then drag and zoom for `SECONDS`."""
    with sync_playwright() as playwright:
        # As root, Chromium starts without its own sandbox only.
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(viewport=WINDOW, bypass_csp=True)  # waiting needs `eval`
        page.set_default_timeout(LONGEST)
        page.goto(address)
        page.wait_for_function(f"{DRAWN}.length")
        first = page.evaluate(f"{DRAWN}[0].startTime")
        frames = _moved(page)
        chromium.close()
    return Drawing(first, frames)


def _moved(page: Page) -> list[float]:
    """The times of all frames while the mouse drags the plan about and its wheel zooms."""
    box = page.get_by_role("application").bounding_box()
    assert box is not None
    page.evaluate(FRAMES)
    end, turn = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        _drag(page, box, back=bool(turn % 2))
        page.mouse.wheel(0, -240 if turn % 8 < 4 else 240)
        turn += 1
    frames: list[float] = page.evaluate("window.frames_")
    return frames


def _drag(page: Page, box: FloatRect, *, back: bool) -> None:
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    aside = -box["width"] / 5 if back else box["width"] / 5
    page.mouse.move(middle, height)
    page.mouse.down()
    page.mouse.move(middle + aside, height + aside / 2, steps=12)
    page.mouse.up()
