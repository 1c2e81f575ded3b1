"""The load generator against a real server of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import load


class Answering(BaseHTTPRequestHandler):
    """404 for /gone, else 201."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404 if self.path == "/gone" else 201)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def ask(port: int, path: str) -> load.Load:
    request = load.request_bytes("POST", path, {"X-Any": "1"}, b"{}")
    return load.run(
        port, make=lambda: request, clients=2, warm_up=0.0, seconds=0.2, watch=lambda: {"load": 1.0}
    )


def test_wanted_answers_make_the_rate(port: int) -> None:
    found = ask(port, "/")

    assert found.rate(201) == found.statuses[201] / found.seconds > 0
    assert found.errors(201) == {}
    assert list(found.latencies) == [201]
    assert 0 < found.percentile(50) <= found.percentile(99)


def test_other_answers_are_errors(port: int) -> None:
    found = ask(port, "/gone")

    assert found.rate(201) == 0
    assert found.errors(201) == {404: found.statuses[404]}


def test_no_server_is_an_error_too() -> None:
    found = ask(1, "/")

    assert list(found.errors(201)) == [load.BROKEN]


def test_prepared_requests_are_sent_once_each(port: int) -> None:
    wanted = load.request_bytes("POST", "/", {}, b"{}")
    gone = load.request_bytes("POST", "/gone", {}, b"{}")

    found = load.send_all(port, [wanted, gone, wanted], clients=2)

    assert found.statuses == {201: 2, 404: 1}


def test_runs_add_up(port: int) -> None:
    found, more = ask(port, "/"), ask(port, "/gone")
    seconds, sent = found.seconds + more.seconds, found.statuses + more.statuses

    found.add(more)

    assert (found.seconds, found.statuses, found.cpu) == (seconds, sent, {"load": 0.0})
