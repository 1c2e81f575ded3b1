"""refund: whether VNPay takes it, and how it goes on (section 8)."""

from __future__ import annotations

import time

from sandbox import clock
from sandbox.context import Sandbox
from sandbox.records import PAID, Payment, Refund
from sandbox.vnpay_answers import Fields, header, refusal, sign
from sandbox.vnpay_query import find_payment

FULL, PARTIAL, REJECTED = "02", "03", "09"
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
MESSAGES = {
    "02": "Total refunds exceed the original amount",
    "04": "Full refund not allowed after a partial one",
    "13": "Only partial refund allowed",
    "91": "Transaction not found",
    "93": "Invalid amount",
    "94": "A refund is being processed",
    "95": "The payment was not successful",
    "98": "Timeout",
    "99": "Unknown error",
}


def answer_refund(sandbox: Sandbox, request: Fields) -> Fields:
    """Take or refuse a genuine refund request."""
    # Twice, since a refusal may come before the money is on its way or although it is.
    code = _find_storm(sandbox, request["vnp_TxnRef"], work_is_done=False)
    code = code or _find_obstacle(sandbox, request)
    if code is None:
        refund = _accept(sandbox, request)
        code = _find_storm(sandbox, refund.txn_ref, work_is_done=True)
    if code is not None:
        return sign(refusal(request, code, MESSAGES[code]), sandbox.config.hash_secret)
    return sign(_confirm(sandbox, request, refund), sandbox.config.hash_secret)


def _find_storm(sandbox: Sandbox, ref: str, *, work_is_done: bool) -> str | None:
    """The code the weather wants, among the switches that act before or after the work."""
    for code in ("13", "94", "98", "99"):
        value = sandbox.weather.look(f"refund_{code}", ref)
        if value and (value == "done") == work_is_done:
            sandbox.weather.take(f"refund_{code}", ref)
            return code
    return None


def _find_obstacle(sandbox: Sandbox, request: Fields) -> str | None:
    """The code of section 8.1 that refuses this request."""
    payment = find_payment(sandbox, request)
    if payment is None or not _names(payment, request):
        return "91"
    if payment.status != PAID or payment.response_code != PAID:
        return "95"
    return _find_conflict(payment, _standing_refunds(sandbox, payment), request)


def _find_conflict(payment: Payment, earlier: list[Refund], request: Fields) -> str | None:
    amount, is_full = int(request["vnp_Amount"]), request["vnp_TransactionType"] == FULL
    if any(refund.status_at(time.time()) != PAID for refund in earlier):
        return "94"
    if is_full and any(refund.transaction_type == PARTIAL for refund in earlier):
        return "04"
    if not 0 < amount <= payment.amount or (is_full and amount != payment.amount):
        return "93"
    total = sum(refund.amount for refund in earlier) + amount
    return "02" if total > payment.amount else None


def _names(payment: Payment, request: Fields) -> bool:
    # VNPay's own demos send 0 when they do not know the number (section 8).
    return request.get("vnp_TransactionNo", "0") in ("0", payment.transaction_no)


def _standing_refunds(sandbox: Sandbox, payment: Payment) -> list[Refund]:
    refunds = sandbox.store.select(Refund, txn_ref=payment.txn_ref)
    return [refund for refund in refunds if refund.status_at(time.time()) != REJECTED]


def _accept(sandbox: Sandbox, request: Fields) -> Refund:
    outcome = sandbox.weather.take("refund_outcome", request["vnp_TxnRef"])
    refund = Refund(
        transaction_no=clock.next_number(),
        txn_ref=request["vnp_TxnRef"],
        request_id=request["vnp_RequestId"],
        transaction_type=request["vnp_TransactionType"],
        amount=int(request["vnp_Amount"]),
        created_by=request["vnp_CreateBy"],
        order_info=request["vnp_OrderInfo"],
        pay_date=clock.to_stamp(clock.now()),
        accepted_at=time.time(),
        takes_seconds=0 if outcome == "done" else sandbox.config.refund_seconds,
        final_status=REJECTED if outcome == "processing_then_rejected" else PAID,
    )
    sandbox.store.save(refund)
    return refund


def _confirm(sandbox: Sandbox, request: Fields, refund: Refund) -> Fields:
    payment = find_payment(sandbox, request)
    assert payment is not None
    return {
        **header(request, "00", "Refund Success"),
        "vnp_Amount": str(refund.amount),
        "vnp_BankCode": payment.bank_code,
        "vnp_PayDate": refund.pay_date,
        "vnp_TransactionNo": refund.transaction_no,
        "vnp_TransactionType": refund.transaction_type,
        "vnp_TransactionStatus": refund.status_at(time.time()),
        "vnp_OrderInfo": refund.order_info,
    }
