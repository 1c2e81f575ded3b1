"""What VNPay sends us, signed by the protocol as spelled out for the tests, not by our client."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings

from payments.models import Payment
from tests.sandbox.protocol import encode, hash_text, stamp

IPN = "/payments/vnpay/ipn/"
RETURN = "/payments/vnpay/return/"


def callback_fields(payment: Payment, **changes: str | None) -> dict[str, str]:
    """The parameters of a success; a change of None leaves one out."""
    values: dict[str, str | None] = {
        "vnp_TmnCode": settings.VNPAY_TMN_CODE,
        "vnp_Amount": str(int(payment.amount) * 100),
        "vnp_BankCode": "NCB",
        "vnp_BankTranNo": "VNP14226112",
        "vnp_CardType": "ATM",
        "vnp_OrderInfo": f"Thanh toan don hang {payment.order.code}",
        "vnp_PayDate": stamp(),
        "vnp_ResponseCode": "00",
        "vnp_TransactionNo": "14226112",
        "vnp_TransactionStatus": "00",
        "vnp_TxnRef": payment.txn_ref,
    }
    values.update({f"vnp_{name}": value for name, value in changes.items()})
    return {name: value for name, value in values.items() if value is not None}


def signed(values: dict[str, str]) -> str:
    """The query string as VNPay's Java sample writes it: spaces as `+`."""
    text = encode({name: value for name, value in values.items() if value})
    return f"{text}&vnp_SecureHash={hash_text(text, settings.VNPAY_HASH_SECRET)}"


def signed_with_percent_20(values: dict[str, str]) -> str:
    """The same with spaces as `%20`."""
    text = "&".join(f"{name}={quote(values[name], safe='')}" for name in sorted(values))
    return f"{text}&vnp_SecureHash={hash_text(text, settings.VNPAY_HASH_SECRET)}"


def success(payment: Payment, **changes: str | None) -> str:
    return signed(callback_fields(payment, **changes))


def failure(payment: Payment, code: str = "24", **changes: str | None) -> str:
    outcome = {"ResponseCode": code, "TransactionStatus": "02", "TransactionNo": "0"}
    return signed(callback_fields(payment, **{**outcome, **changes}))


def suspicion(payment: Payment, **changes: str | None) -> str:
    outcome = {"ResponseCode": "07", "TransactionStatus": "07"}
    return signed(callback_fields(payment, **outcome, **changes))
