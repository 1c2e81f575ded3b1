"""A merchant's IPN address that records calls and answers what the test says."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SILENCE = "silence"


class IpnReceiver:
    """Answers come from `answers` one by one, then `answer` for ever.

    An answer is an RspCode, SILENCE (nothing until `close` or `speak`), or (status, body).
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answer: str | tuple[int, str] = "00"
        self.answers: list[str | tuple[int, str]] = []
        self._changed = threading.Condition()
        self._may_speak = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/ipn/"

    def close(self) -> None:
        self._may_speak.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def forget(self) -> None:
        """Be as new."""
        with self._changed:
            self.calls, self.answer, self.answers = [], "00", []

    def speak(self) -> None:
        """Let silent calls end."""
        self._may_speak.set()
        self._may_speak = threading.Event()

    def wait_for(self, count: int, seconds: float = 10) -> list[str]:
        """The calls, once there are at least so many."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.calls) >= count, seconds)
            assert arrived, f"{len(self.calls)} of {count} IPN calls came"
            return list(self.calls)

    def receive(self, path: str) -> tuple[int, str] | None:
        with self._changed:
            self.calls.append(path)
            self._changed.notify_all()
            answer = self.answers.pop(0) if self.answers else self.answer
            silent = self._may_speak
        if answer == SILENCE:
            silent.wait(10)
            return None
        if isinstance(answer, str):
            return 200, json.dumps({"RspCode": answer, "Message": "Said by a test"})
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: IpnReceiver


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        answer = self.server.receiver.receive(self.path)
        if answer is None:
            return
        status, body = answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
