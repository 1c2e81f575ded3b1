"""querydr: what VNPay knows about one payment (section 7)."""

from __future__ import annotations

import time

from sandbox.context import Sandbox
from sandbox.records import ApiCall, Payment, Refund
from sandbox.vnpay_answers import Fields, bare, header, refusal, sign
from sandbox.vnpay_signing import SIGNATURE

PAYMENT_TYPE = "01"
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


def answer_query(sandbox: Sandbox, request: Fields) -> Fields:
    """Answer a genuine querydr; refused ones are answers too."""
    secret, weather, ref = sandbox.config.hash_secret, sandbox.weather, request["vnp_TxnRef"]
    if _is_too_soon(sandbox, ref) or weather.take("query_94", ref):
        return bare("94", "Duplicate request")
    answer = _find_answer(sandbox, request)
    signed = sign(answer, secret)
    if weather.take("query_unsigned", ref):
        del signed[SIGNATURE]
    return signed


def find_payment(sandbox: Sandbox, request: Fields) -> Payment | None:
    """The payment of this TxnRef and create date; a link whose customer chose no bank is none."""
    payment = sandbox.store.find(Payment, txn_ref=request["vnp_TxnRef"])
    if payment is None or not payment.status:
        return None
    return payment if payment.create_date == request["vnp_TransactionDate"] else None


def _is_too_soon(sandbox: Sandbox, ref: str) -> bool:
    since = time.time() - sandbox.config.query_window_seconds
    calls = sandbox.store.select(ApiCall, txn_ref=ref, command="querydr", accepted=True)
    # Refusals don't count: whoever asks again and again would never be answered.
    return any(call.at > since and call.response_code != "94" for call in calls)


def _find_answer(sandbox: Sandbox, request: Fields) -> Fields:
    ref = request["vnp_TxnRef"]
    if sandbox.weather.take("query_99", ref):
        return refusal(request, "99", "Unknown error")
    payment = find_payment(sandbox, request)
    if payment is None or sandbox.weather.take("query_91", ref):
        return refusal(request, "91", "Transaction not found")
    refund = sandbox.store.find(Refund, txn_ref=ref)
    found = _describe_refund(refund, payment) if refund else _describe_payment(payment)
    return {**header(request, "00", "QueryDR Success"), **found}


def _describe_payment(payment: Payment) -> Fields:
    values = {
        "vnp_Amount": str(payment.amount),
        "vnp_BankCode": payment.bank_code,
        "vnp_PayDate": payment.pay_date,
        "vnp_TransactionNo": payment.transaction_no,
        "vnp_TransactionType": PAYMENT_TYPE,
        "vnp_TransactionStatus": payment.status,
        "vnp_OrderInfo": payment.order_info,
    }
    return {name: value for name, value in values.items() if value}


def _describe_refund(refund: Refund, payment: Payment) -> Fields:
    """After a refund the answer is about the latest one, with the order text of the payment."""
    return {
        "vnp_Amount": str(refund.amount),
        "vnp_BankCode": payment.bank_code,
        "vnp_PayDate": refund.pay_date,
        "vnp_TransactionNo": refund.transaction_no,
        "vnp_TransactionType": refund.transaction_type,
        "vnp_TransactionStatus": refund.status_at(time.time()),
        "vnp_OrderInfo": payment.order_info,
    }
