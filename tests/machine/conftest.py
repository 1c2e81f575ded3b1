from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machine.house import MOST_PER_CUSTOMER
from tests.our_vnpay import running_stand_in, use
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def _stand_in() -> Iterator[SandboxProcess]:
    with running_stand_in(SANDBOX_REFUND_SECONDS="0") as process:
        yield process


@pytest.fixture
def vnpay(_stand_in: SandboxProcess, settings) -> SandboxProcess:
    """The stand-in as our VNPay: it sends no IPN by itself, and refunds end the moment they begin.

    So nothing depends on how long a run takes.
    """
    return use(_stand_in, settings)


@pytest.fixture
def settings_of_the_house(settings) -> None:
    """A customer soon has all the tickets that one may have."""
    settings.CUSTOMER_MAX_TICKETS_PER_SHOWING = MOST_PER_CUSTOMER
