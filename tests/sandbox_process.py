"""The stand-in as a real process, for every test that needs VNPay on the other side."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
TMN_CODE = "TESTTMN1"
HASH_SECRET = "a-secret-that-only-tests-know"
START_SECONDS = 20.0


class SandboxProcess:
    """One stand-in on a free port; `url` stays the same when it is started again.

        sandbox = SandboxProcess()
        sandbox.start({"SANDBOX_IPN_URL": live_server.url + "/payments/vnpay/ipn/"})
        answer = sandbox.pay(payment_url, outcome="success")

    Credentials are TMN_CODE and HASH_SECRET unless `start` is given others.
    """

    def __init__(self) -> None:
        self.port, self.smtp_port = find_free_port(), find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.payment_url = f"{self.url}/paymentv2/vpcpay.html"
        self.api_url = f"{self.url}/merchant_webapi/api/transaction"
        self._env: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()
        self._log = self._held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        client = httpx.Client(base_url=self.url, trust_env=False, timeout=20)
        self.http = self._held.enter_context(client)

    def start(self, env: Mapping[str, str] | None = None) -> None:
        """Start and wait until it serves; without `env`, with the settings of the last start."""
        if env is not None:
            self._env = {"VNPAY_TMN_CODE": TMN_CODE, "VNPAY_HASH_SECRET": HASH_SECRET, **env}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox"],
            cwd=ROOT,
            env=clean_environment({**self._env, **self._ports()}),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_until(self._is_healthy, seconds=START_SECONDS, what="the sandbox to serve")

    def stop(self) -> None:
        """End it in good order; harmless when it does not run."""
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        """End it the way a crash does."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Stop for good and release what the test process holds."""
        self.stop()
        self._held.close()

    def log(self) -> str:
        """What it has written so far."""
        self._log.seek(0)
        return self._log.read().decode()

    def pay(self, payment_url: str, outcome: str = "success", **wish: object) -> dict[str, Any]:
        """Open a payment link and do what a customer would; see `return_url` in the answer."""
        body = {"payment_url": payment_url, "outcome": outcome, **wish}
        return self.control("POST", "pay", body)

    def open(self, payment_url: str) -> httpx.Response:
        """Open a payment link as a browser would, without following a redirect."""
        return self.http.get(payment_url)

    def decide(self, txn_ref: str, outcome: str = "success", **wish: object) -> dict[str, Any]:
        """Pay a link that is open already."""
        body = {"outcome": outcome, **wish}
        return self.control("POST", f"transactions/{txn_ref}/pay", body)

    def send_ipn(self, txn_ref: str, **wish: object) -> dict[str, Any]:
        """Call the IPN address once, now; answers the attempt."""
        return self.control("POST", f"transactions/{txn_ref}/ipn", wish)

    def transaction(self, txn_ref: str) -> dict[str, Any]:
        """Everything the stand-in knows about one payment."""
        return self.control("GET", f"transactions/{txn_ref}")

    def attempts(self, txn_ref: str) -> list[dict[str, Any]]:
        """The IPN calls of one payment, oldest first."""
        deliveries = self.transaction(txn_ref)["ipn"]
        calls = [attempt for delivery in deliveries for attempt in delivery["attempts"]]
        return sorted(calls, key=lambda attempt: attempt["at"])

    def set_weather(self, txn_ref: str = "", **switches: object) -> None:
        """Set switches for all payments, or for one."""
        self.control("PUT", f"weather/{txn_ref}".rstrip("/"), switches)

    def clear_weather(self, txn_ref: str = "") -> None:
        """Unset switches of one payment, or all there are."""
        self.control("DELETE", f"weather/{txn_ref}".rstrip("/"))

    def reset(self) -> None:
        """Forget everything."""
        self.control("POST", "reset")

    def control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Call the control interface; anything but 200 is an error of the test."""
        answer = self.http.request(method, f"/control/{path}", json=body)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        content: dict[str, Any] = answer.json()
        return content

    def mails(self, to: str) -> list[dict[str, Any]]:
        """The mails delivered to an address, oldest first."""
        answer = self.http.get("/control/mails", params={"to": to})
        mails: list[dict[str, Any]] = answer.json()["mails"]
        return mails

    def _ports(self) -> dict[str, str]:
        return {"SANDBOX_PORT": str(self.port), "SANDBOX_SMTP_PORT": str(self.smtp_port)}

    def _is_healthy(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"The sandbox ended at once:\n{self.log()}")
        try:
            return self.http.get("/control/health").status_code == 200
        except httpx.TransportError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=20)
            self._process = None


def find_free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with no setting of the sandbox but the given ones."""
    ours = ("SANDBOX", "VNPAY_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, **env}


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll a condition that only another process can make true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain for {what}.")
        time.sleep(0.02)
