"""The stand-in as our VNPay, for tests that pay and are paid back there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.sandbox_process import HASH_SECRET, TMN_CODE, SandboxProcess


@contextmanager
def running_stand_in(**environment: str) -> Iterator[SandboxProcess]:
    """One that answers each question at once, however often it comes, and tells a thing once."""
    with closing(SandboxProcess()) as process:
        once = {"SANDBOX_QUERY_WINDOW_SECONDS": "0", "SANDBOX_IPN_ATTEMPTS": "1"}
        process.start({**once, **environment})
        yield process


def use(stand_in: SandboxProcess, settings, **weather: object) -> SandboxProcess:
    """Have our settings name it. It is as new, in fair weather, and sends no IPN by itself."""
    settings.VNPAY_TMN_CODE, settings.VNPAY_HASH_SECRET = TMN_CODE, HASH_SECRET
    settings.VNPAY_PAYMENT_URL = stand_in.payment_url
    settings.VNPAY_API_URL = stand_in.api_url
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 0
    settings.VNPAY_NOT_FOUND_MARGIN_SECONDS = 0
    stand_in.reset()
    stand_in.set_weather(no_ipn=True, **weather)
    return stand_in
