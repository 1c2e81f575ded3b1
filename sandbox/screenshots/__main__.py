"""`make screenshots`: pictures of the main pages into docs/screenshots, at two widths.

With names behind it (`python -m sandbox.screenshots plan tickets`) only these are taken.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import expect

from sandbox.run import ROOT, say
from sandbox.screenshots.camera import WIDTHS, Camera, chromium, file_name
from sandbox.screenshots.pages import SHOTS, Shot
from sandbox.screenshots.product import running_product
from sandbox.screenshots.staff import confirm_fraud, open_door
from sandbox.screenshots.world import World
from sandbox.shop import Failed

FOLDER = ROOT / "docs" / "screenshots"
INTRODUCTION = """# What it looks like

Made by `make screenshots` from the demo's data, with a desktop's window and a phone's.
"""


def main(names: list[str]) -> int:
    """Start the product, let things happen, take the pictures, write the index."""
    wanted = [shot for shot in SHOTS if not names or shot.name in names]
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with running_product() as addresses, chromium() as browser:
            world = World(addresses["public"], addresses["sandbox"])
            camera = Camera(browser, addresses["public"], FOLDER)
            open_door(camera, world.places["fair"])
            world.make()
            confirm_fraud(camera)
            for shot in wanted:
                camera.take(shot, world.places)
                say(shot.name)
    except Failed as failure:
        say(str(failure))
        return 1
    write_index(FOLDER)
    forget_others(FOLDER)
    size = sum(path.stat().st_size for path in FOLDER.glob("*.webp"))
    say(f"{len(wanted)} pages, {size / 2**20:.1f} MB in {FOLDER}")
    return 0


def forget_others(folder: Path) -> None:
    """Take away the pictures that the table has no line for any more."""
    kept = {file_name(shot, width) for shot in SHOTS for width in WIDTHS}
    for path in folder.glob("*.webp"):
        if path.name not in kept:
            path.unlink()


def write_index(folder: Path) -> None:
    desktop, phone = WIDTHS
    lines = [INTRODUCTION]
    for shot in SHOTS:
        pictures = [_picture(shot, desktop, "68%"), _picture(shot, phone, "22%")]
        lines.append(f"## {shot.title}\n\n{' '.join(pictures)}\n")
    (folder / "README.md").write_text("\n".join(lines))


def _picture(shot: Shot, width: int, share: str) -> str:
    alternative = f"{shot.title}, {width} pixels wide"
    return f'<img src="{file_name(shot, width)}" alt="{alternative}" width="{share}">'


if __name__ == "__main__":
    expect.set_options(timeout=15_000)
    sys.exit(main(sys.argv[1:]))
