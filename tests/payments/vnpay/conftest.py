from __future__ import annotations

from decimal import Decimal

import pytest

from payments.vnpay.config import Config
from tests.sandbox_process import HASH_SECRET, TMN_CODE


@pytest.fixture(autouse=True)
def _database() -> None:
    """The protocol needs no database."""


@pytest.fixture(autouse=True)
def _few_rights() -> None:
    """And so no rights either."""


@pytest.fixture(autouse=True)
def _no_counters_left() -> None:
    """Nor does it count anything."""


@pytest.fixture(scope="session")
def config() -> Config:
    """A terminal whose secret the tests know."""
    return Config(
        tmn_code=TMN_CODE,
        hash_secret=HASH_SECRET,
        payment_url="https://pay.example/paymentv2/vpcpay.html",
        api_url="https://pay.example/merchant_webapi/api/transaction",
        return_url="https://shop.example/payments/vnpay/return/",
        server_address="203.0.113.7",
        least_amount=Decimal(5_000),
        greatest_amount=Decimal(999_999_999),
    )
