"""The payment providers there are.

A second one is a class with the methods of `base.Provider` and one line here; orders and the
services of payments stay as they are.
"""

from __future__ import annotations

from payments.providers.base import (
    Answer,
    Customer,
    NotPayable,
    Opening,
    Outcome,
    Provider,
    RefundAnswer,
    RefundState,
    RefundWord,
    Result,
    UntrustedCallback,
    UnusableCallback,
    spoken_locale,
)
from payments.providers.vnpay import VNPay

PROVIDERS: dict[str, Provider] = {"vnpay": VNPay()}


class UnknownProvider(LookupError):
    """No provider of that name is configured."""


def get_provider(name: str) -> Provider:
    """The provider of that name; raises UnknownProvider."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProvider(name) from None


__all__ = [
    "PROVIDERS",
    "Answer",
    "Customer",
    "NotPayable",
    "Opening",
    "Outcome",
    "Provider",
    "RefundAnswer",
    "RefundState",
    "RefundWord",
    "Result",
    "UnknownProvider",
    "UntrustedCallback",
    "UnusableCallback",
    "get_provider",
    "spoken_locale",
]
