"""The pay link (section 3)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from payments.vnpay.config import Config
from payments.vnpay.signature import signed_query
from payments.vnpay.text import hundredths, order_info, timestamp

BANK_CODE = re.compile(r"[A-Za-z0-9]{3,20}")
LOCALES = ("vn", "en")


class AmountNotAccepted(ValueError):
    """Outside what the gateway takes; said before the customer is sent there."""


@dataclass(frozen=True)
class Attempt:
    """One attempt to pay: `amount` in VND, both times aware, `txn_ref` ASCII letters and digits."""

    txn_ref: str
    amount: Decimal
    description: str
    created_at: datetime
    expires_at: datetime
    customer_address: str
    locale: str = "vn"
    bank_code: str = ""


def pay_parameters(attempt: Attempt, config: Config) -> dict[str, str]:
    """The parameters of the link, unsigned. Raises AmountNotAccepted, or ValueError for misuse."""
    _check_amount(attempt.amount, config)
    if attempt.locale not in LOCALES:
        raise ValueError(f"VNPay speaks vn and en, not {attempt.locale!r}.")
    if attempt.bank_code and not BANK_CODE.fullmatch(attempt.bank_code):
        raise ValueError(f"{attempt.bank_code!r} is not a bank code.")
    parameters = {
        "vnp_Version": "2.1.0",
        "vnp_Command": "pay",
        "vnp_TmnCode": config.tmn_code,
        "vnp_Amount": hundredths(attempt.amount),
        "vnp_CurrCode": "VND",
        "vnp_TxnRef": attempt.txn_ref,
        "vnp_OrderInfo": order_info(attempt.description),
        "vnp_OrderType": "other",
        "vnp_Locale": attempt.locale,
        "vnp_ReturnUrl": config.return_url,
        "vnp_IpAddr": _address(attempt.customer_address, config),
        "vnp_CreateDate": timestamp(attempt.created_at),
        # Always sent: some of VNPay's samples leave it out, its table asks for it (section 3).
        "vnp_ExpireDate": timestamp(attempt.expires_at),
        "vnp_BankCode": attempt.bank_code,
    }
    return {name: value for name, value in parameters.items() if value}


def pay_url(parameters: dict[str, str], config: Config) -> str:
    """The signed link to send the customer to."""
    return f"{config.payment_url}?{signed_query(parameters, config.hash_secret)}"


def _check_amount(amount: Decimal, config: Config) -> None:
    if not config.least_amount <= amount <= config.greatest_amount:
        raise AmountNotAccepted(
            f"VNPay takes {config.least_amount:,} to {config.greatest_amount:,} VND, "
            f"not {amount:,}."
        )
    if amount != amount.to_integral_value():
        raise AmountNotAccepted(f"VNPay takes whole VND, not {amount:,}.")


def _address(address: str, config: Config) -> str:
    # The field takes 7 to 45 characters, so "::1" is too short; an unknown one becomes ours.
    try:
        parsed = str(ipaddress.ip_address(address.partition("%")[0]))  # without an IPv6 zone
    except ValueError:
        return config.server_address
    return parsed if len(parsed) >= 7 else config.server_address
