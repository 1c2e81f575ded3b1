from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Config:
    """One terminal at VNPay. Amounts in VND; the limits are the gateway's own (section 3)."""

    tmn_code: str
    hash_secret: str = field(repr=False)
    payment_url: str
    api_url: str
    return_url: str
    server_address: str = "127.0.0.1"
    least_amount: Decimal = Decimal(5_000)
    greatest_amount: Decimal = Decimal(999_999_999)
    timeout: tuple[float, float] = (5.0, 20.0)  # seconds to connect, seconds to answer
