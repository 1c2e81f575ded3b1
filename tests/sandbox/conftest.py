from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.endpoint import Endpoint, said
from tests.sandbox.qstash_client import CURRENT_KEY, NEXT_KEY, TOKEN, QStashClient
from tests.sandbox_process import SandboxProcess

FAST = {
    "SANDBOX_IPN_RETRY_SECONDS": "0.1",
    "SANDBOX_IPN_ATTEMPTS": "4",
    "SANDBOX_IPN_TIMEOUT_SECONDS": "0.5",
    "SANDBOX_QUERY_WINDOW_SECONDS": "0",
    "SANDBOX_REFUND_SECONDS": "2",
    "SANDBOX_QSTASH_RETRY_FACTOR": "0.001",
    "SANDBOX_QSTASH_TIMEOUT_SECONDS": "0.5",
    "QSTASH_TOKEN": TOKEN,
    "QSTASH_CURRENT_SIGNING_KEY": CURRENT_KEY,
    "QSTASH_NEXT_SIGNING_KEY": NEXT_KEY,
}


@pytest.fixture(autouse=True)
def _database() -> None:
    """These tests need no database of ours."""


@pytest.fixture(scope="session")
def _merchant() -> Iterator[Endpoint]:
    merchant = Endpoint("/ipn/", usual=said("00"))
    yield merchant
    merchant.close()


@pytest.fixture(scope="session")
def _endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint("/jobs/run/")
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="session")
def _process(_merchant: Endpoint) -> Iterator[SandboxProcess]:
    process = SandboxProcess()
    process.start({**FAST, "SANDBOX_IPN_URL": _merchant.url})
    yield process
    process.close()


@pytest.fixture(scope="session")
def _strict_process(_merchant: Endpoint) -> Iterator[SandboxProcess]:
    process = SandboxProcess()
    env = {"SANDBOX_QUERY_WINDOW_SECONDS": "300", "SANDBOX_RETURN_HOSTS": "shop.example"}
    process.start({**FAST, **env, "SANDBOX_IPN_URL": _merchant.url})
    yield process
    process.close()


@pytest.fixture
def sandbox(_process: SandboxProcess, merchant: Endpoint) -> SandboxProcess:
    """A stand-in that remembers nothing, in fair weather."""
    _process.reset()
    merchant.forget()
    return _process


@pytest.fixture
def strict_sandbox(_strict_process: SandboxProcess, merchant: Endpoint) -> SandboxProcess:
    """As `sandbox`, with the query window and a list of return hosts."""
    _strict_process.reset()
    merchant.forget()
    return _strict_process


@pytest.fixture
def merchant(_merchant: Endpoint) -> Iterator[Endpoint]:
    """The IPN address of the stand-ins."""
    yield _merchant
    _merchant.speak()


@pytest.fixture
def filed_sandbox(_merchant: Endpoint, tmp_path) -> Iterator[SandboxProcess]:
    """A stand-in of its own with its state in a file, to be killed."""
    _merchant.forget()
    process = SandboxProcess()
    data = str(tmp_path / "sandbox.sqlite3")
    process.start({**FAST, "SANDBOX_IPN_URL": _merchant.url, "SANDBOX_DATA": data})
    yield process
    process.close()


@pytest.fixture
def endpoint(_endpoint: Endpoint) -> Iterator[Endpoint]:
    """An address that QStash delivers to."""
    _endpoint.forget()
    yield _endpoint
    _endpoint.speak()


@pytest.fixture
def qstash(sandbox: SandboxProcess) -> Iterator[QStashClient]:
    """QStash in plain HTTP, as the protocol describes it."""
    client = QStashClient(sandbox)
    yield client
    client.close()


@pytest.fixture
def filed_qstash(filed_sandbox: SandboxProcess) -> Iterator[QStashClient]:
    """The same, with its state in a file, to be killed."""
    client = QStashClient(filed_sandbox)
    yield client
    client.close()
