"""The whole product for a few minutes: free ports, and a data folder that is thrown away."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sandbox import run
from sandbox.shop import Failed

CUSTOMERS = 12


@contextmanager
def running_product() -> Iterator[dict[str, str]]:
    """Start it with the demo's data; its addresses `public` and `sandbox`. Raises Failed."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        environment = _environment(folder)
        parts = run.start_database(environment)
        stack.callback(run.stop, parts)
        run.manage(["migrate", "--no-input", "--verbosity", "0"], environment)
        run.manage(["seed_demo", "--customers", str(CUSTOMERS)], environment)
        servers: list[subprocess.Popen[bytes]] = []
        stack.callback(run.stop, servers)
        serving = run.with_few_rights(environment)
        servers += [run.start(command, serving) for command in run.servers(serving)]
        if not run.become_ready(environment, servers):
            raise Failed("A part of the product did not start; its own message is above.")
        yield run.addresses(environment)


def _environment(folder: str) -> dict[str, str]:
    """Nothing that is set for a product of one's own is used here."""
    ports = {name: _free_port() for name in ("PORT", "SANDBOX_PORT", "SANDBOX_SMTP_PORT")}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, DATA_DIR=folder, **ports)
    return {**run.chosen_environment(), "DATABASE_POOL_SIZE": "4"}


def _free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])
