"""What a run stands on: a data folder, a database and a web server of its own, gone at its end."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from sandbox import run
from ticketing.embedded_postgres import server

DATABASE = "ticketing"
START_SECONDS = 60.0
# Seconds of CPU in half a second: a server that has finished loading stays below.
STILL = 0.05

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Machine:
    """Where the database and the web server are, and which processes they consist of."""

    socket_dir: Path
    port: int
    postgres: psutil.Process
    web: psutil.Process
    seconds_to_ready: float
    environment: dict[str, str]
    """With it, every other process of the product finds the same database."""
    database: str = DATABASE

    def connect(self) -> Connection:
        """A connection past Django, in autocommit."""
        return connect(self.socket_dir, self.database)

    def megabytes_of_worker(self) -> float:
        """Resident memory of the largest web process."""
        processes = [self.web, *self.web.children(recursive=True)]
        return float(max(process.memory_info().rss for process in processes)) / 1e6

    def checkpoint(self) -> None:
        """Have dirty pages written now, so that nobody pays for it who did not make them."""
        with self.connect() as connection:
            connection.execute("CHECKPOINT")

    def cpu(self) -> dict[str, float]:
        """CPU seconds used so far by the web server, by PostgreSQL, and by this process."""
        return {
            "web": cpu_of(self.web),
            "postgres": cpu_of(self.postgres),
            "load": time.process_time(),
        }


def prepare_environment() -> dict[str, str]:
    """Point this process, and all it starts, to a new empty data folder and free ports.

    What could lead to somebody's real database, cache or addresses is overruled, `.env` included.
    """
    folder = tempfile.mkdtemp(prefix="benchmarks-")
    # Registered before the database starts, so that it runs after the database has stopped.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    port = free_port()
    os.environ.update(
        SANDBOX="1",
        DEBUG="0",
        DATA_DIR=folder,
        DATABASE_URL="",
        CACHE_URL="locmemcache://",
        EMAIL_URL="filemail://",
        PORT=str(port),
        SANDBOX_PORT=str(free_port()),
        SANDBOX_SMTP_PORT=str(free_port()),
        PUBLIC_URL=f"http://127.0.0.1:{port}",
        ALLOWED_HOSTS="127.0.0.1",
        # Few customers order much here, where many customers order little.
        CUSTOMER_MAX_TICKETS_PER_SHOWING="1000000",
        DJANGO_SETTINGS_MODULE="benchmarks.settings",
    )
    environment = run.chosen_environment()
    os.environ.update(environment)
    return environment


def start_database(environment: dict[str, str]) -> Path:
    """Start the embedded PostgreSQL, make the tables, give its socket folder.

    Only this process is a user of it, so it stops when this process ends. To Django, here and in
    whatever is started with `environment`, it is a server that `DATABASE_URL` names, as one is in
    production.
    """
    socket_dir = server.start(Path(environment["DATA_DIR"]).resolve() / "postgres", DATABASE)
    url = url_of(socket_dir, DATABASE)
    os.environ["DATABASE_URL"] = environment["DATABASE_URL"] = url
    make_tables(environment)
    return socket_dir


def make_tables(environment: dict[str, str]) -> None:
    """Apply all migrations, and let the servers do what they need and no more."""
    run.manage(["migrate", "--no-input", "--verbosity", "0"], environment)
    run.manage(["grant_rights", "--to", run.SERVING, "--verbosity", "0"], environment)


def url_of(socket_dir: Path, database: str, role: str = "postgres") -> str:
    return f"postgres://{role}@/{database}?host={socket_dir}"


@contextmanager
def another_web_server(machine: Machine, database: str) -> Iterator[Machine]:
    """Beside a running one, with another database of the same PostgreSQL."""
    url = url_of(machine.socket_dir, database)
    environment = {**machine.environment, "PORT": str(free_port()), "DATABASE_URL": url}
    with web_server(environment, machine.socket_dir, database) as another:
        yield another


@contextmanager
def web_server(
    environment: dict[str, str], socket_dir: Path, database: str = DATABASE
) -> Iterator[Machine]:
    """Run the web server with the very command of `make run`, until the end of the block.

    With the servers' account; this process and what else it starts are the owner of the tables.
    """
    command = next(
        command for command in run.servers(environment) if "ticketing.web_server" in command
    )
    started = time.monotonic()
    serving = {**environment, "DATABASE_URL": url_of(socket_dir, database, run.SERVING)}
    web = run.start(command, serving)
    try:
        process = psutil.Process(web.pid)
        wait_for_answer(f"http://127.0.0.1:{environment['PORT']}/readyz", process)
        machine = Machine(
            socket_dir=socket_dir,
            port=int(environment["PORT"]),
            postgres=postmaster(environment),
            web=process,
            seconds_to_ready=time.monotonic() - started,
            environment=environment,
            database=database,
        )
        wait_until_ready(machine)
        yield machine
    finally:
        run.stop([web])


def wait_until_ready(machine: Machine) -> None:
    """Wait until every worker of a server that answers has finished loading."""
    deadline = time.monotonic() + START_SECONDS
    while not is_still(machine.web):
        if time.monotonic() > deadline or not machine.web.is_running():
            raise RuntimeError("The web server did not become ready; its message is above.")


def wait_for_answer(url: str, process: psutil.Process) -> None:
    """Wait until a process that was just started answers there."""
    deadline = time.monotonic() + START_SECONDS
    while not run.answers(url):
        if time.monotonic() > deadline or not process.is_running():
            raise RuntimeError(f"Nothing answers at {url}.")
        time.sleep(0.05)


def is_still(process: psutil.Process) -> bool:
    before = cpu_of(process)
    time.sleep(0.5)
    return cpu_of(process) - before < STILL


def cpu_of(root: psutil.Process) -> float:
    """CPU seconds of a process and everything below it, ended children included."""
    own = root.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in root.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return float(total)


def postmaster(environment: dict[str, str]) -> psutil.Process:
    pid_file = Path(environment["DATA_DIR"]) / "postgres" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))


def connect(socket_dir: Path, database: str = DATABASE) -> Connection:
    return psycopg.connect(host=str(socket_dir), user="postgres", dbname=database, autocommit=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
