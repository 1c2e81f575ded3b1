"""What Return and IPN bring (section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from payments.vnpay.codes import Verdict, verdict_of_callback
from payments.vnpay.config import Config
from payments.vnpay.signature import HASH, BadSignature, verified_parameters
from payments.vnpay.text import from_hundredths

LONGEST = {"vnp_TxnRef": 100, "vnp_TransactionNo": 50, "vnp_ResponseCode": 20,
           "vnp_TransactionStatus": 20}  # fmt: skip  # far more than section 4 gives them


class NothingUsable(Exception):
    """No VNPay parameters at all, or signed ones that lack what every callback has."""


@dataclass(frozen=True)
class Callback:
    """Verified word of VNPay on one attempt. `amount` in VND."""

    txn_ref: str
    amount: Decimal
    verdict: Verdict
    transaction_no: str
    response_code: str
    status: str
    order_info: str


def read_callback(pairs: Iterable[tuple[str, str]], config: Config) -> Callback:
    """Verify and parse. Signature and terminal come first (section 6.1), then the contents.

    Raises NothingUsable or BadSignature.
    """
    pairs = list(pairs)
    if not any(name.startswith("vnp_") and name != HASH for name, _ in pairs):
        raise NothingUsable("No VNPay parameters.")
    parameters = verified_parameters(pairs, config.hash_secret)
    # Should a secret be copied to another terminal, its money is not ours all the same (section
    # 2.2).
    if parameters.get("vnp_TmnCode") != config.tmn_code:
        raise BadSignature("Another terminal's call.")
    return _parsed(parameters)


def _parsed(parameters: dict[str, str]) -> Callback:
    # Else the database would refuse the value, as a fault of ours: a return page would end as a
    # 500.
    _check_fits(parameters)
    try:
        response_code, status = parameters["vnp_ResponseCode"], parameters["vnp_TransactionStatus"]
        return Callback(
            txn_ref=parameters["vnp_TxnRef"],
            amount=from_hundredths(parameters["vnp_Amount"]),
            verdict=verdict_of_callback(response_code, status),
            transaction_no=parameters.get("vnp_TransactionNo", ""),
            response_code=response_code,
            status=status,
            order_info=parameters.get("vnp_OrderInfo", ""),
        )
    except (KeyError, ValueError) as fault:
        raise NothingUsable(f"A signed call without a usable {fault}.") from fault


def _check_fits(parameters: dict[str, str]) -> None:
    for name, longest in LONGEST.items():
        value = parameters.get(name, "")
        if len(value) > longest or not value.isprintable():
            raise NothingUsable(f"A signed call whose {name} can't be one.")
