"""The parts of `make run` with a supervisor: what has ended is started again, as in production."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import httpx
import psutil

from benchmarks import machine
from sandbox import run

PARTS = ("stand-ins", "relay", "sweep", "web")  # in the order of `run.servers`
WEB_WORKERS = 2
WELL_SECONDS = 60.0


class Fleet:
    """Every part a process group of its own, and the database beside them.

    To the product the database is a server that `DATABASE_URL` names: nobody but this fleet starts
    it again. What the parts say is written to `log`.
    """

    def __init__(self, environment: dict[str, str], log: IO[bytes]) -> None:
        self.environment, self._log = environment, log.fileno()
        self._commands = dict(zip(PARTS, run.servers(environment), strict=True))
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._keepers: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """The database, its tables, and every part."""
        self._start_database()
        url = machine.url_of(self.socket_dir, machine.DATABASE)
        self.environment["DATABASE_URL"] = os.environ["DATABASE_URL"] = url
        machine.make_tables(self.environment)
        self._running = {name: self._start(name) for name in PARTS}
        self.wait_until_well()
        run.manage(["register_schedules"], self.environment)

    @property
    def socket_dir(self) -> Path:
        return Path(self.environment["DATA_DIR"]) / "postgres"

    def kill(self, name: str) -> None:
        """End a part with all its workers as a crash does."""
        with suppress(ProcessLookupError):  # it has died of the end of another part
            os.killpg(self._running[name].pid, signal.SIGKILL)
        self._running[name].wait()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Stop or continue a part with all its workers."""
        with suppress(ProcessLookupError):
            os.killpg(self._running[name].pid, number)

    def web_workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        with suppress(psutil.NoSuchProcess):
            workers = psutil.Process(self._running["web"].pid).children()
            return [each for each in workers if each.status() != psutil.STATUS_ZOMBIE]
        return []

    def database(self) -> list[psutil.Process]:
        """All processes of PostgreSQL, its first one first."""
        postmaster = machine.postmaster(self.environment)
        return [postmaster, *postmaster.children(recursive=True)]

    def restart_database(self) -> None:
        """Start it again after its first process was killed, when the others are gone as well."""
        for keeper in self._keepers:
            os.killpg(keeper.pid, signal.SIGKILL)
            keeper.wait()
        self._start_database()

    def wait_until_well(self) -> None:
        """Start what has ended, until everything works again."""
        deadline = time.monotonic() + WELL_SECONDS
        while not self._is_well():
            if time.monotonic() > deadline:
                raise RuntimeError(f"Not everything works again after {WELL_SECONDS:g} seconds.")
            time.sleep(0.1)

    def set_weather(self, **switches: object) -> None:
        """Bad weather at the stand-ins."""
        self._control("PUT", switches)

    def clear_weather(self) -> None:
        self._control("DELETE", None)

    def close(self) -> None:
        run.stop(list(self._running.values()))
        run.stop(self._keepers)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        url = machine.url_of(self.socket_dir, machine.DATABASE, run.SERVING)
        serving = {**self.environment, "DATABASE_URL": url}
        return run.start(self._commands[name], serving, stdout=self._log, stderr=self._log)

    def _start_database(self) -> None:
        # One that is named is somebody else's, and not started: so for this once it has no name.
        self._keepers = run.start_database({**self.environment, "DATABASE_URL": ""})

    def _is_well(self) -> bool:
        for name, process in self._running.items():
            if process.poll() is not None:
                self._running[name] = self._start(name)
        health = f"http://127.0.0.1:{self.environment['SANDBOX_PORT']}/control/health"
        ready = f"http://127.0.0.1:{self.environment['PORT']}/readyz"
        return len(self.web_workers()) == WEB_WORKERS and run.answers(health) and run.answers(ready)

    def _control(self, method: str, body: object) -> None:
        url = f"http://127.0.0.1:{self.environment['SANDBOX_PORT']}/control/weather"
        httpx.request(method, url, json=body, trust_env=False, timeout=20).raise_for_status()
