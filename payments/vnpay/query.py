"""Asking what became of an attempt: querydr (section 7)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from payments.vnpay.codes import (
    NO_SUCH_TRANSACTION,
    PAID,
    REFUNDS,
    RefundVerdict,
    Verdict,
    verdict_of_query,
    verdict_of_refund,
)
from payments.vnpay.config import Config
from payments.vnpay.signature import HASH, BadSignature, digest, signed_values
from payments.vnpay.text import from_hundredths, timestamp

# What the checksum is made of, in VNPay's order: neither sorted nor as the fields travel.
REQUEST_ORDER = (
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_TransactionDate",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
)
# An answer's checksum has a slot for each of these, also for those that it lacks.
ANSWER_ORDER = (
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


@dataclass(frozen=True)
class RefundAnswer:
    """The latest refund of a payment, in VND."""

    verdict: RefundVerdict
    amount: Decimal
    transaction_no: str


@dataclass(frozen=True)
class QueryAnswer:
    """What VNPay's answer amounts to. `amount` in VND, None when it names none.

    With a `refund` the answer describes that, and says of the payment only that it was made.
    """

    verdict: Verdict
    amount: Decimal | None = None
    transaction_no: str = ""
    code: str = ""
    refund: RefundAnswer | None = None


NO_INFORMATION = QueryAnswer(Verdict.NO_INFORMATION)


def query_request(
    *, txn_ref: str, transaction_date: str, now: datetime, config: Config
) -> dict[str, str]:
    """The signed question, with a request id of its own.

    `transaction_date` is the `vnp_CreateDate` of the pay link, the very same string.
    """
    fields = {
        "vnp_RequestId": secrets.token_hex(16),
        "vnp_Version": "2.1.0",
        "vnp_Command": "querydr",
        "vnp_TmnCode": config.tmn_code,
        "vnp_TxnRef": txn_ref,
        "vnp_TransactionDate": transaction_date,
        "vnp_CreateDate": timestamp(now),
        "vnp_IpAddr": config.server_address,
        "vnp_OrderInfo": f"Hoi ket qua {txn_ref}",
    }
    message = "|".join(fields[name] for name in REQUEST_ORDER)
    return {**fields, HASH: digest(message, config.hash_secret)}


def decoded(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer, numbers kept as the digits they were. Raises ValueError."""
    answer = json.loads(body, parse_int=str, parse_float=str, parse_constant=str)
    if not isinstance(answer, dict):
        raise ValueError("The answer is not a JSON object.")
    # Half a surrogate pair, which JSON can carry, can't be kept: it is refused here.
    json.dumps(answer, ensure_ascii=False).encode()
    return answer


def read_query_answer(answer: Mapping[str, Any], *, txn_ref: str, config: Config) -> QueryAnswer:
    """What a decoded answer says of `txn_ref`. Anything that can't be trusted is no information.

    Unsigned and badly signed answers fail closed, 91 included (section 7).
    """
    try:
        values = signed_values(answer, ANSWER_ORDER, config.hash_secret)
    except BadSignature:
        return NO_INFORMATION
    # Signed all the same, but an answer to another question.
    if (values["vnp_TmnCode"], values["vnp_TxnRef"]) != (config.tmn_code, txn_ref):
        return NO_INFORMATION
    if values["vnp_ResponseCode"] == NO_SUCH_TRANSACTION:
        return QueryAnswer(Verdict.NOT_FOUND, code=NO_SUCH_TRANSACTION)
    if values["vnp_ResponseCode"] != PAID:
        return QueryAnswer(Verdict.NO_INFORMATION, code=values["vnp_ResponseCode"])
    return _transaction(values)


def _transaction(values: Mapping[str, str]) -> QueryAnswer:
    kind, status = values["vnp_TransactionType"], values["vnp_TransactionStatus"]
    number, code = values["vnp_TransactionNo"], f"{values['vnp_ResponseCode']}/{kind}/{status}"
    try:
        amount = from_hundredths(values["vnp_Amount"])
    except ValueError:
        return NO_INFORMATION
    verdict = verdict_of_query(kind, status)
    if kind not in REFUNDS:
        return QueryAnswer(verdict, amount=amount, transaction_no=number, code=code)
    # Amount and number are those of the refund then, and say nothing of the payment.
    refund = RefundAnswer(verdict_of_refund(status), amount, number)
    return QueryAnswer(verdict, code=code, refund=refund)
