"""The whole product, started as a new user starts it, on free ports with a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.sandbox_process import find_free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120
OF_THE_TESTS = {
    "SANDBOX", "EMAIL_URL", "DATABASE_POOL_SIZE", "DATABASE_WAIT_SECONDS", "DATABASE_URL"
}  # fmt: skip


class RunningProduct:
    """`make run` in a process of its own; `stop` is its Ctrl-C."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        port, sandbox_port = find_free_port(), find_free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.data_dir = data_dir
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in OF_THE_TESTS},
            **settings,
            "PORT": str(port),
            "SANDBOX_PORT": str(sandbox_port),
            "SANDBOX_SMTP_PORT": str(find_free_port()),
            "DATA_DIR": str(data_dir),
        }
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self.stand_in = httpx.Client(base_url=self.sandbox_url, trust_env=False, timeout=30)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.run"],
            cwd=ROOT,
            env=self.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait_until(self._has_greeted, seconds=START_SECONDS, what="the product to greet")

    def stop(self) -> int:
        """End it as Ctrl-C in a terminal does, which tells a whole group; answers the exit code."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGINT)
        return self._process.wait(timeout=60)

    def processes(self) -> list[str]:
        """What still runs of it, database included."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                own = process.environ().get("DATA_DIR") == str(self.data_dir)
                if own or str(self.data_dir) in " ".join(process.cmdline()):
                    found.append(process.name())
        return found

    def close(self) -> None:
        """Stop it, if a failed test has left it running, and release what the test holds."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        self.http.close()
        self.stand_in.close()
        self._log.close()

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode()

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one of our programs in the product's environment, some settings changed."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env={**self.environment, "SANDBOX": "1", **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def mails_to(self, address: str) -> list[dict[str, Any]]:
        """What arrived in the inbox, oldest first."""
        found = self.stand_in.get("/control/mails", params={"to": address}).raise_for_status()
        mails: list[dict[str, Any]] = found.json()["mails"]
        return mails

    def _has_greeted(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"The product ended at once:\n{self.log()}")
        return "The product is running" in self.log()
