"""The web server as a process: ready at once, and again when a worker has died."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx
import psutil
import pytest
from django.db import connection

from tests.sandbox_process import ROOT, find_free_port, wait_until
from ticketing.web_server import WORKERS


@pytest.fixture
def server(transactional_db):
    """Its process and a client; it has answered once."""
    own = connection.get_connection_params()
    url = f"postgres://{own['user']}@/{own['dbname']}?host={own['host']}"
    port = find_free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "ticketing.web_server", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            wait_until(lambda: is_ready(http), seconds=60, what="the web server to be ready")
            yield psutil.Process(process.pid), http
    finally:
        process.terminate()
        process.wait(30)


def is_ready(http):
    try:
        return http.get("/readyz").is_success
    except httpx.TransportError:
        return False


def test_it_serves_with_all_workers_and_replaces_one_that_died(server):
    process, http = server
    first, *others = workers = process.children()
    assert len(workers) == WORKERS
    assert http.get("/api/v1/events/").status_code == 200

    first.kill()

    wait_until(lambda: is_replaced(first, process), seconds=30, what="another worker")
    assert set(others) < set(process.children())
    wait_until(lambda: is_ready(http), seconds=30, what="the web server to be ready again")


def is_replaced(dead, process):
    children = process.children()
    return dead not in children and len(children) == WORKERS
