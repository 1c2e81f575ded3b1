"""A camera for Chromium that sees a QR code come and go, from a film that it plays for ever."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Browser

WIDTH, HEIGHT = 320, 240
FRAMES_A_SECOND = 2
SECONDS_IN_VIEW, SECONDS_AWAY = 4, 5
NO_COLOUR = bytes([128]) * (WIDTH * HEIGHT // 2)
TABLE = 90  # how dark the picture is around the code


def options(film: Path) -> list[str]:
    """What Chromium is started with to see this film instead of asking for a camera."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]


def film_of(drawing: str, browser: Browser, film: Path) -> None:
    """Write a film (YUV4MPEG2) of a ticket's drawing, as a browser shows it to its holder."""
    with browser.new_page(viewport={"width": 400, "height": 400}) as page:
        page.set_content(drawing)
        shot = page.locator("svg").screenshot()
    code = ImageOps.contain(Image.open(BytesIO(shot)).convert("L"), (WIDTH - 90, HEIGHT - 20))
    empty = Image.new("L", (WIDTH, HEIGHT), TABLE)
    in_view = empty.copy()
    in_view.paste(code, ((WIDTH - code.width) // 2, (HEIGHT - code.height) // 2))
    with film.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420\n".encode())
        for picture, seconds in ((in_view, SECONDS_IN_VIEW), (empty, SECONDS_AWAY)):
            file.write((b"FRAME\n" + picture.tobytes() + NO_COLOUR) * seconds * FRAMES_A_SECOND)
