"""Asking for money to be given back: refund (section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from payments.vnpay.codes import ONLY_PARTIAL, PAID, RefundVerdict, verdict_of_refund_answer
from payments.vnpay.config import Config
from payments.vnpay.query import ANSWER_ORDER as QUERY_ANSWER_ORDER
from payments.vnpay.signature import HASH, BadSignature, digest, signed_values
from payments.vnpay.text import hundredths, order_info, timestamp

FULL, PARTIAL = "02", "03"
# Of what has none. VNPay's own demos send and sign it, too, when they know none (section 8).
NO_NUMBER = "0"
# The request id stands behind it, and both have to fit into 255 characters.
LONGEST_REASON = 200
LONGEST_CREATE_BY = 245  # as section 8 has it
REQUEST_ORDER = (
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TransactionType",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_TransactionNo",
    "vnp_TransactionDate",
    "vnp_CreateBy",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
)
ANSWER_ORDER = QUERY_ANSWER_ORDER[:13]  # without the two of promotions
OF_ANY_ANSWER = ("vnp_Command", "vnp_TmnCode", "vnp_TxnRef")
OF_THIS_REQUEST = ("vnp_TransactionType", "vnp_Amount", "vnp_OrderInfo")


@dataclass(frozen=True)
class Reversal:
    """What to give back of one payment. `amount` in VND; `transaction_no` is the payment's."""

    request_id: str
    txn_ref: str
    transaction_date: str
    transaction_no: str
    amount: Decimal
    is_full: bool
    reason: str
    requested_by: str


@dataclass(frozen=True)
class RefundReply:
    """What VNPay's answer amounts to. Without a `code` there was none that can be trusted.

    `transaction_no` is the new number of the refund. `takes_partial`: refused for its kind only.
    """

    verdict: RefundVerdict
    code: str = ""
    message: str = ""
    transaction_no: str = ""
    takes_partial: bool = False


NO_REPLY = RefundReply(RefundVerdict.UNKNOWN)
NEVER_LEFT = RefundReply(RefundVerdict.NOT_SENT)


def refund_request(reversal: Reversal, *, now: datetime, config: Config) -> dict[str, str]:
    """The request, unsigned. Raises ValueError for an amount of more than two places.

    Its text ends in the request id: VNPay echoes it, so that no answer is taken for another's.
    """
    text = order_info(reversal.reason)[:LONGEST_REASON]
    return {
        "vnp_RequestId": reversal.request_id,
        "vnp_Version": "2.1.0",
        "vnp_Command": "refund",
        "vnp_TmnCode": config.tmn_code,
        "vnp_TransactionType": FULL if reversal.is_full else PARTIAL,
        "vnp_TxnRef": reversal.txn_ref,
        "vnp_Amount": hundredths(reversal.amount),
        "vnp_TransactionNo": reversal.transaction_no or NO_NUMBER,
        "vnp_TransactionDate": reversal.transaction_date,
        "vnp_CreateBy": order_info(reversal.requested_by)[:LONGEST_CREATE_BY] or "system",
        "vnp_CreateDate": timestamp(now),
        "vnp_IpAddr": config.server_address,
        "vnp_OrderInfo": f"{text} {reversal.request_id}".strip(),
    }


def signed_refund(request: Mapping[str, str], config: Config) -> dict[str, str]:
    """The request as it travels: with the checksum over its 13 values."""
    message = "|".join(request[name] for name in REQUEST_ORDER)
    return {**request, HASH: digest(message, config.hash_secret)}


def read_refund_answer(
    answer: Mapping[str, Any], *, request: Mapping[str, str], config: Config
) -> RefundReply:
    """What a decoded answer says of this request. Whatever can't be trusted leaves it unknown.

    Unsigned and badly signed answers fail closed, refusals included: money may have moved.
    """
    try:
        values = signed_values(answer, ANSWER_ORDER, config.hash_secret)
    except BadSignature:
        return NO_REPLY
    code = values["vnp_ResponseCode"]
    if not _echoes(values, request, OF_ANY_ANSWER):
        return NO_REPLY
    # Refusals may come without these fields (section 7), and are believed by the others.
    if code == PAID and not _echoes(values, request, OF_THIS_REQUEST):
        return NO_REPLY
    status, number = values["vnp_TransactionStatus"], values["vnp_TransactionNo"]
    return RefundReply(
        verdict_of_refund_answer(code, status),
        code=f"{code}/{status}" if status else code,
        message=values["vnp_Message"],
        transaction_no=number if code == PAID and number != NO_NUMBER else "",
        takes_partial=code in ONLY_PARTIAL and request["vnp_TransactionType"] == FULL,
    )


def _echoes(values: Mapping[str, str], request: Mapping[str, str], names: tuple[str, ...]) -> bool:
    return all(values[name] == request[name] for name in names)
