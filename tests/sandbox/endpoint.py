"""An address of whoever uses a stand-in: records what is delivered, answers what tests say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    status: int = 200
    header: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    silent: bool = False


@dataclass(frozen=True)
class Delivery:
    method: str
    path: str
    header: Message
    body: bytes
    at: float


OK = Answer()
BROKEN = Answer(500, {"X-Why": "test"}, b"broken")
SILENCE = Answer(silent=True)
GIVE_UP = Answer(489, {"Upstash-NonRetryable-Error": "true"}, b"never again")


def said(code: str) -> Answer:
    """A merchant's answer to an IPN."""
    return Answer(body=json.dumps({"RspCode": code, "Message": "Said by a test"}).encode())


class Endpoint:
    """Answers come from `answers` one by one, then `answer` for ever; `usual`, unless it is set."""

    def __init__(self, path: str, usual: Answer = OK) -> None:
        self._usual = usual
        self.deliveries: list[Delivery] = []
        self.answer = usual
        self.answers: list[Answer] = []
        self._changed = threading.Condition()
        self._may_speak = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.endpoint = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.root}{path}"

    def close(self) -> None:
        self._may_speak.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def forget(self) -> None:
        """Be as new."""
        with self._changed:
            self.deliveries, self.answer, self.answers = [], self._usual, []

    def speak(self) -> None:
        """Let silent calls end."""
        self._may_speak.set()
        self._may_speak = threading.Event()

    def wait_for(self, count: int, seconds: float = 10) -> list[Delivery]:
        """The deliveries, once there are at least so many."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.deliveries) >= count, seconds)
            assert arrived, f"{len(self.deliveries)} of {count} deliveries came"
            return list(self.deliveries)

    def receive(self, delivery: Delivery) -> Answer | None:
        with self._changed:
            self.deliveries.append(delivery)
            self._changed.notify_all()
            answer = self.answers.pop(0) if self.answers else self.answer
            may_speak = self._may_speak
        if not answer.silent:
            return answer
        may_speak.wait(10)
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    endpoint: Endpoint


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        delivery = Delivery(self.command, self.path, self.headers, body, time.time())
        answer = self.server.endpoint.receive(delivery)
        if answer is None:
            return
        self.send_response(answer.status)
        for name, value in answer.header.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        with suppress(BrokenPipeError):  # the sandbox was reset or killed meanwhile
            self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
