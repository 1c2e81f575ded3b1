"""The API's answers and their checksum (sections 7 and 8)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sandbox.vnpay_signing import SIGNATURE, sign_values

Fields = dict[str, str]

# A refund's answer signs the first 13, without the two of promotions.
QUERY_ORDER = (
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
    "vnp_PromotionCode",
    "vnp_PromotionAmount",
)
REFUND_ORDER = QUERY_ORDER[:13]


def header(request: Fields, code: str, message: str) -> Fields:
    """The fields that every answer has but the bare ones."""
    return {
        "vnp_ResponseId": uuid.uuid4().hex,
        "vnp_Command": request.get("vnp_Command", ""),
        "vnp_ResponseCode": code,
        "vnp_Message": message,
        "vnp_TmnCode": request.get("vnp_TmnCode", ""),
        "vnp_TxnRef": request.get("vnp_TxnRef", ""),
    }


def refusal(request: Fields, code: str, message: str) -> Fields:
    """An answer about no transaction: six fields and the signature, as a real 91 has."""
    return {name: value for name, value in header(request, code, message).items() if value}


def bare(code: str, message: str) -> Fields:
    """Just code and message, unsigned, as a real 94 was seen (section 7)."""
    return {"vnp_ResponseCode": code, "vnp_Message": message}


def sign(answer: Fields, secret: str) -> Fields:
    """Add the checksum of the documented order; an absent field counts as empty."""
    order = order_of(answer)
    return {**answer, SIGNATURE: sign_values((answer.get(name, "") for name in order), secret)}


def order_of(answer: Fields) -> Sequence[str]:
    """Which values the checksum of this answer covers."""
    return REFUND_ORDER if answer.get("vnp_Command") == "refund" else QUERY_ORDER
