"""What VNPay's codes mean for us."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    PAID = "paid"
    FAILED = "failed"
    REVIEW = "review"
    NOT_FINAL = "not final"
    NOT_FOUND = "not found"
    NO_INFORMATION = "no information"


class RefundVerdict(Enum):
    UNDER_WAY = "under way"
    DONE = "done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # it may have been done, or not
    NOT_SENT = "not sent"  # provably, so it may be asked for again


# Response codes and states; several mean the same in both.
PAID = "00"
SUSPECTED = "07"
DEBITED_NOT_PAID = "04"  # at the bank, not at VNPay: the customer's money is in motion
STATUS_FAILED = "02"
REFUND_REJECTED = "09"  # of a refund (section 8.2)
NO_SUCH_TRANSACTION = "91"
# Response codes that name why nothing was charged. Of the others, 99 among them, VNPay has to be
# asked first (section 4.1).
NAMED_FAILURES = ("09", "10", "11", "12", "13", "24", "51", "65", "75", "79")
# Types of transactions that a query tells of (section 7).
PAYMENT = "01"
REFUNDS = ("02", "03")
# Response codes that refuse a refund; others than these and 00 leave it in doubt (section 8.1).
REFUSALS = ("02", "03", "04", "13", "91", "93", "95", "97")
ONLY_PARTIAL = ("04", "13")  # refused as a full refund, welcome as a partial one


def verdict_of_callback(response_code: str, status: str) -> Verdict:
    """Sections 4 and 6.4: paid only if both codes say so."""
    if SUSPECTED in (response_code, status) or status == DEBITED_NOT_PAID:
        return Verdict.REVIEW
    if response_code == status == PAID:
        return Verdict.PAID
    return Verdict.FAILED if response_code in NAMED_FAILURES else Verdict.NOT_FINAL


def verdict_of_query(kind: str, status: str) -> Verdict:
    """Section 7, for an answered query: type and status of the transaction.

    A refund (type 02 or 03) can only follow a payment that was made.
    """
    if kind in REFUNDS:
        return Verdict.PAID
    # A type that no table names could be anything: nothing is decided by it.
    if kind != PAYMENT:
        return Verdict.NO_INFORMATION
    if status in (SUSPECTED, DEBITED_NOT_PAID):
        return Verdict.REVIEW
    return {PAID: Verdict.PAID, STATUS_FAILED: Verdict.FAILED}.get(status, Verdict.NOT_FINAL)


def verdict_of_refund_answer(code: str, status: str) -> RefundVerdict:
    """Section 8.1, for the answer to a request. Codes that say neither yes nor no are unknown."""
    if code == PAID:
        return verdict_of_refund(status)
    return RefundVerdict.REJECTED if code in REFUSALS else RefundVerdict.UNKNOWN


def verdict_of_refund(status: str) -> RefundVerdict:
    """Section 8.2, for a transaction of type 02 or 03. What is not known is not over."""
    ends = {
        PAID: RefundVerdict.DONE,
        STATUS_FAILED: RefundVerdict.REJECTED,
        REFUND_REJECTED: RefundVerdict.REJECTED,
    }
    return ends.get(status, RefundVerdict.UNDER_WAY)
