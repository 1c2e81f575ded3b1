from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.payments.vnpay_calls import IPN
from tests.sandbox_process import HASH_SECRET, TMN_CODE, SandboxProcess


@pytest.fixture
def call_ipn(client):
    """VNPay's server calls with these signed parameters; answers its RspCode."""

    def call(query: str) -> str:
        answer = client.get(f"{IPN}?{query}")
        assert answer.status_code == 200
        return answer.json()["RspCode"]

    return call


@pytest.fixture(scope="session")
def _stand_in() -> Iterator[SandboxProcess]:
    process = SandboxProcess()
    process.start({"SANDBOX_QUERY_WINDOW_SECONDS": "0", "SANDBOX_IPN_ATTEMPTS": "1"})
    yield process
    process.close()


@pytest.fixture
def vnpay(_stand_in: SandboxProcess, settings) -> SandboxProcess:
    """The stand-in as our VNPay, in fair weather, sending no IPN by itself."""
    settings.VNPAY_TMN_CODE, settings.VNPAY_HASH_SECRET = TMN_CODE, HASH_SECRET
    settings.VNPAY_PAYMENT_URL = _stand_in.payment_url
    settings.VNPAY_API_URL = _stand_in.api_url
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 0
    settings.VNPAY_NOT_FOUND_MARGIN_SECONDS = 0
    _stand_in.reset()
    _stand_in.set_weather(no_ipn=True)
    return _stand_in
