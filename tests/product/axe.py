"""axe-core, the accessibility checker, on a page as it stands."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parents[1] / "axe"
SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
RUN = "() => axe.run(document, {resultTypes: ['violations']})"


@cache
def _source() -> str:
    """The version that the lock file pins, fetched once."""
    if not SCRIPT.exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit"], cwd=FOLDER, check=True)
    return SCRIPT.read_text()


def serious_problems(page: Page) -> list[str]:
    """What axe calls serious or critical, each with the elements it found."""
    page.evaluate(_source())
    violations = page.evaluate(RUN)["violations"]
    return [
        f"{found['id']}: {found['help']} {[node['target'] for node in found['nodes']]}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]
