"""Small helpers of the request handlers: templates, bodies, and a connection that breaks."""

from __future__ import annotations

import html
import json
import os
import socket
import stat
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

TEMPLATES = Path(__file__).parent / "templates"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class ControlError(Exception):
    """A control request that cannot be met; answered as `{"error": ..., **details}`."""

    def __init__(self, status: int, text: str, **details: str) -> None:
        super().__init__(text)
        self.status = status
        self.details = details


class Markup(str):
    """Text that is HTML already and must not be escaped again."""

    __slots__ = ()


def fill(template: str, **values: object) -> Markup:
    """Fill a template file; every value is escaped unless it is `Markup`."""
    safe = {
        name: value if isinstance(value, Markup) else html.escape(str(value))
        for name, value in values.items()
    }
    return Markup(_load(template).substitute(safe))


def join(parts: list[Markup]) -> Markup:
    """Put pieces of HTML one after the other."""
    return Markup("".join(parts))


def page(template: str, values: Mapping[str, object], *, title: str, lang: str = "en") -> Response:
    """A whole page: the template inside the common frame."""
    content = fill("frame.html", title=title, lang=lang, content=fill(template, **values))
    return HTMLResponse(content, headers=HEADERS)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a plain HTML form; a repeated field counts with its last value."""
    body = (await request.body()).decode("utf-8", errors="replace")
    return dict(parse_qsl(body, keep_blank_values=True))


async def read_json(request: Request) -> dict[str, object]:
    """The JSON object of the body, empty for no body; raises `ControlError` (400) otherwise."""
    body = await request.body()
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ControlError(400, "The body must be a JSON object.")
    return parsed


def cut_connection(request: Request) -> Response:
    """Close the client's connection without an answer, as a broken line does.

    ASGI has no word for this, so the socket is found among our own by its peer. The response that
    is returned goes nowhere.
    """
    if request.client is not None:
        peer = (request.client.host, int(request.client.port))
        for name in os.listdir("/dev/fd"):
            _shut_if_peer(int(name), peer)
    return Response(status_code=503)


def _shut_if_peer(descriptor: int, peer: tuple[str, int]) -> None:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return
        # A copy: the end of the block closes it, and the connection is the server's to close.
        connection = socket.socket(fileno=os.dup(descriptor))
    except OSError:  # closed meanwhile
        return
    with connection:
        try:
            if connection.getpeername()[:2] == peer:
                connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # a listening or unconnected socket has no peer
            return


@cache
def _load(template: str) -> Template:
    return Template((TEMPLATES / template).read_text(encoding="utf-8"))
