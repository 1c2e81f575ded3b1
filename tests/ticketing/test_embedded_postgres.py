"""The embedded server, shared by processes that come, go and get killed."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.sandbox_process import wait_until

ROOT = Path(__file__).resolve().parents[2]
CLIENT = """
import sys
from django.conf import settings
settings.configure(DATABASES={"default": {
    "ENGINE": "ticketing.embedded_postgres", "NAME": "ticketing",
    "OPTIONS": {"data_dir": sys.argv[1]}}})
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute(sys.argv[2])
    print(cursor.fetchone()[0] if cursor.description else "done", flush=True)
if len(sys.argv) > 3:
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _database():
    """These servers are not the tests' own."""


@pytest.fixture
def data_dir(tmp_path_factory):
    """A folder whose server is gone when the test is over."""
    folder = tmp_path_factory.mktemp("data") / "postgres"
    yield folder
    for process in servers_of(folder):
        process.kill()


def client(data_dir, sql, *, stay=False):
    arguments = [sys.executable, "-c", CLIENT, str(data_dir), sql, *(["stay"] if stay else [])]
    return subprocess.Popen(
        arguments,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(data_dir, sql):
    process = client(data_dir, sql)
    answer, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return answer.strip()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)


def servers_of(data_dir):
    pid_file = data_dir / "postmaster.pid"
    if not pid_file.exists():
        return []
    pid = int(pid_file.read_text().split()[0])
    return [psutil.Process(pid)] if psutil.pid_exists(pid) else []


def leave(process):
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_first_connection_starts_it_and_the_last_one_stops_it(data_dir):
    assert ask(data_dir, "SELECT current_setting('server_version_num')::int / 10000") == "18"

    wait_until(lambda: not servers_of(data_dir), seconds=30, what="the server to stop")


def test_the_data_stays(data_dir):
    ask(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer")

    assert ask(data_dir, "SELECT answer FROM kept") == "42"


def test_processes_that_start_together_share_one_server(data_dir):
    started = [client(data_dir, "SELECT pg_postmaster_start_time()", stay=True) for _ in range(4)]

    assert len({process.stdout.readline() for process in started}) == 1
    for process in started[:3]:
        leave(process)
    assert len(servers_of(data_dir)) == 1
    leave(started[3])


def test_it_survives_a_killed_process_and_stops_with_the_last_one(data_dir):
    killed, staying = (client(data_dir, "SELECT 1", stay=True) for _ in range(2))
    for process in (killed, staying):
        assert process.stdout.readline() == "1\n"
    kill(killed)

    assert ask(data_dir, "SELECT 2") == "2"
    leave(staying)
    wait_until(lambda: not servers_of(data_dir), seconds=30, what="the server to stop")


def test_it_starts_again_after_a_power_cut(data_dir):
    process = client(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer", stay=True)
    process.stdout.readline()
    [server] = servers_of(data_dir)
    for each in [server, *server.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # some leave when the first is gone
            each.kill()
    kill(process)
    server.wait(30)
    (data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{data_dir}\n")  # reused by another

    assert ask(data_dir, "SELECT answer FROM kept") == "42"


def test_it_does_not_start_beside_what_is_left_of_a_killed_one(data_dir):
    process = client(data_dir, "SELECT pg_backend_pid()", stay=True)
    left = psutil.Process(int(process.stdout.readline()))
    [server] = servers_of(data_dir)
    left.suspend()  # else it would notice and leave
    server.kill()
    server.wait(30)

    refused = client(data_dir, "SELECT 1")
    refused.communicate(timeout=60)

    assert refused.returncode != 0
    left.resume()
    left.wait(30)
    assert ask(data_dir, "SELECT 1") == "1"
    kill(process)


def test_it_takes_no_lock_that_other_users_of_the_machine_could_hold(data_dir):
    shared = Path(tempfile.gettempdir()) / ".lockfile"
    if not shared.exists():
        shared.touch()
    with shared.open() as held:
        fcntl.lockf(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert ask(data_dir, "SELECT 1") == "1"


def test_nobody_can_reach_it_over_the_network(data_dir):
    assert ask(data_dir, "SELECT current_setting('listen_addresses')") == ""


def test_what_is_committed_is_on_disk(data_dir):
    settings = "current_setting('fsync') || current_setting('synchronous_commit')"

    assert ask(data_dir, f"SELECT {settings}") == "onon"
