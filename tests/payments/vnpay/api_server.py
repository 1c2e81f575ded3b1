"""VNPay's API as an HTTP server in this process that misbehaves as told."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Act = Callable[["Handler"], None]


class ApiServer(ThreadingHTTPServer):
    """Does to every call what `act` does, and keeps in `asked` what it was sent."""

    def __init__(self, act: Act) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.daemon_threads = False  # so that closing waits for the acts to end
        self.act = act
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.over = threading.Event()
        self.address = f"127.0.0.1:{self.server_port}"
        self.url = f"http://{self.address}/merchant_webapi/api/transaction"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """End every act, then serve no more."""
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def do_POST(self) -> None:
        """Keep the question, then act."""
        self._act_on(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self) -> None:
        """What a redirect makes of a POST."""
        self._act_on({})

    def _act_on(self, question: dict[str, str]) -> None:
        self.close_connection = True
        self.server.asked.append((self.path, self.headers.get("Content-Type", ""), question))
        with contextlib.suppress(OSError):  # the caller may have gone
            self.server.act(self)

    def log_message(self, *args: object) -> None:
        """Write nothing to the test's output."""


def answers(body: bytes, status: int = 200, **headers: str) -> Act:
    """A complete HTTP answer."""

    def act(call: Handler) -> None:
        call.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            call.send_header(name.replace("_", "-"), value)
        call.end_headers()
        call.wfile.write(body)

    return act


def says(raw: bytes) -> Act:
    """These bytes, then the connection is closed."""

    def act(call: Handler) -> None:
        call.wfile.write(raw)

    return act


def says_then_stalls(raw: bytes) -> Act:
    """These bytes, then nothing, while the connection stays open."""

    def act(call: Handler) -> None:
        call.wfile.write(raw)
        call.server.over.wait()

    return act


def trickles(start: bytes, pieces: Iterable[bytes]) -> Act:
    """The start, then a piece every twentieth of a second, for as long as there are any."""

    def act(call: Handler) -> None:
        call.wfile.write(start)
        for piece in pieces:
            if call.server.over.wait(0.05):
                return
            call.wfile.write(piece)

    return act
