from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machine.house import MOST_PER_CUSTOMER
from tests.sandbox_process import HASH_SECRET, TMN_CODE, SandboxProcess


@pytest.fixture(scope="session")
def _stand_in() -> Iterator[SandboxProcess]:
    process = SandboxProcess()
    process.start({"SANDBOX_QUERY_WINDOW_SECONDS": "0", "SANDBOX_REFUND_SECONDS": "0"})
    yield process
    process.close()


@pytest.fixture
def vnpay(_stand_in: SandboxProcess, settings) -> SandboxProcess:
    """The stand-in as our VNPay: it sends no IPN by itself, and refunds end the moment they begin.

    So nothing depends on how long a run takes.
    """
    settings.VNPAY_TMN_CODE, settings.VNPAY_HASH_SECRET = TMN_CODE, HASH_SECRET
    settings.VNPAY_PAYMENT_URL = _stand_in.payment_url
    settings.VNPAY_API_URL = _stand_in.api_url
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 0
    settings.VNPAY_NOT_FOUND_MARGIN_SECONDS = 0
    return _stand_in


@pytest.fixture
def settings_of_the_house(settings) -> None:
    """A customer soon has all the tickets that one may have."""
    settings.CUSTOMER_MAX_TICKETS_PER_SHOWING = MOST_PER_CUSTOMER
