"""What a provider's word does to an attempt and its order.

Callers hold the locks of both, and give the payment with the order that they have locked.

The table is vnpay.md 6.4, the rules are design section 5; nothing here speaks to a provider.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum

from django.db.models import QuerySet

from jobs import outbox
from jobs.writing import together, update
from orders.models import Order
from orders.operations import confirm
from payments.models import CaseKind, CaseStatus, Channel, Payment, PaymentCase, PaymentStatus
from payments.operations import case_ends
from payments.operations.cases import (
    close_cases,
    doubt_about,
    number_of,
    open_case,
    open_case_of_contradicted_reversal,
    open_case_of_contradiction,
    open_case_of_other_amount,
    open_case_of_refund_by_others,
    open_case_of_second_charge,
)
from payments.operations.reversals import hear, is_contradicted
from payments.providers import Outcome, RefundWord, Result

logger = logging.getLogger(__name__)

NEVER_HEARD_OF = "never heard of"  # the code of attempts that the customer never took up


class Recorded(Enum):
    """What became of a provider's word; the edge turns it into the provider's answer code."""

    NEW = "new"
    REPEATED = "repeated"
    UNKNOWN_REFERENCE = "unknown_reference"
    AMOUNT_MISMATCH = "amount_mismatch"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Moment:
    """When and through what we heard it.

    `is_settled_next`: whoever asked settles the order right afterwards.
    `was_captured`: we asked about an attempt that was captured already, so the answer is not
    older than what we have, and anything but a confirmation contradicts it.
    `cases` are filled in: those that tell of what was heard, opened now or before.
    """

    at: datetime
    channel: str
    is_settled_next: bool = False
    was_captured: bool = False
    cases: list[PaymentCase] = field(default_factory=list)

    @property
    def is_a_call(self) -> bool:
        """Whether it was brought to us, and may be older than what we were told since."""
        return self.channel != Channel.QUERY


def apply_result(payment: Payment, result: Result, moment: Moment) -> Recorded:
    """Move a payment, and its order if money arrived, to what `result` says; tell what that was.

    Locks the reversal that it is about, the cases that it ends, and the order's seats.
    """
    if result.outcome is Outcome.UNKNOWN:
        return Recorded.REPEATED
    if moment.was_captured:
        return _compare(payment, result, moment)
    # The amount before the state, as VNPay's acceptance test has it (vnpay.md 6.1): another amount
    # is told at each call, and never taken for a repeat.
    if _is_other_amount(payment, result):
        return _note_other_amount(payment, result, moment)
    if payment.status == PaymentStatus.CAPTURED:
        return _after_capture(payment, result, moment)
    return _advance(payment, result, moment)


def _is_other_amount(payment: Payment, result: Result) -> bool:
    """Word of a refund names no amount of the payment, so what was told of that before holds."""
    if result.refund and result.amount is None:
        return _of_other_amounts(payment).exists()
    return result.amount is not None and result.amount != payment.amount


def _of_other_amounts(payment: Payment) -> QuerySet[PaymentCase]:
    return payment.cases.filter(kind=CaseKind.AMOUNT_MISMATCH)


def _advance(payment: Payment, result: Result, moment: Moment) -> Recorded:
    if result.outcome is Outcome.PAID:
        return _advance_paid(payment, result, moment)
    if result.outcome is Outcome.REVIEW:
        return _suspect(payment, result, moment)
    if result.outcome is Outcome.NOT_FOUND and payment.status == PaymentStatus.REVIEW:
        # It had the money: "not found" ends no review.
        return _contradict(payment, result, moment)
    if result.outcome in (Outcome.FAILED, Outcome.NOT_FOUND):
        return _fail(payment, result, moment)
    return _leave_open(payment, result, moment)


def _advance_paid(payment: Payment, result: Result, moment: Moment) -> Recorded:
    """Money that has gone back pays for nothing: neither now nor by a call from before it did."""
    # An order that has ended takes nothing by this money, so what went back of it is a second case.
    if payment.order.status == Order.Status.PENDING_PAYMENT:
        if result.gives_back:
            return _contradict(payment, result, moment)
        told = _cases_of_refunds(payment, result)
        # Decided, a case may say that it went back or that it did not: the provider is asked.
        if any(case.status == CaseStatus.OPEN for case in told) or (told and moment.is_a_call):
            moment.cases.extend(told)
            _leave_open(payment, result, moment)
            return Recorded.CONTRADICTED
    return _capture(payment, result, moment)


def _cases_of_refunds(payment: Payment, result: Result) -> list[PaymentCase]:
    """Open ones first; of a payment that was asked about, unless this is a word on its refund."""
    # Without a question nobody has told us of any refund.
    if payment.queried_at is None or result.refund:
        return []
    return list(payment.cases.filter(kind=CaseKind.GIVEN_BACK).order_by("status", "pk"))


def _leave_open(payment: Payment, result: Result, moment: Moment) -> Recorded:
    """Settling asks what became of it (vnpay.md 6.4), but a waiting customer is told sooner."""
    # Who has asked comes back by himself: a question about each answer would never end.
    if payment.status == PaymentStatus.PENDING and moment.is_a_call:
        _keep_code(payment, result)
        key = f"payments.question:{payment.pk}:{result.code}"  # repeats of it ask nothing new
        outbox.enqueue("payments.question_due", run_at=moment.at, key=key, payment_id=payment.pk)
    return Recorded.NEW


def _keep_code(payment: Payment, result: Result) -> None:
    """By it a pending attempt is one that may have paid, beside which nobody pays again."""
    payment.provider_code = result.code
    payment.save(update_fields=["provider_code"])


def _capture(payment: Payment, result: Result, moment: Moment) -> Recorded:
    with together():
        payment.capture(
            by=None,
            at=moment.at,
            reason=_reason(result, moment),
            transaction_no=result.transaction_no,
            code=result.code,
        )
        update(payment, "status", "paid_at", "provider_transaction_no", "provider_code")
        close_cases(payment, case_ends.CLEARED, at=moment.at)
        _use_money(payment, moment)
    if result.gives_back:
        moment.cases.append(open_case_of_refund_by_others(payment, result.gives_back, moment.at))
    return Recorded.NEW


def _use_money(payment: Payment, moment: Moment) -> None:
    """Give the order what was paid for, or say to whom the money belongs."""
    order = payment.order
    if order.status != Order.Status.PENDING_PAYMENT:
        kind = CaseKind.DUPLICATE if order.is_settled_as_paid else CaseKind.LATE
        moment.cases.append(
            open_case(kind, payment, payment.amount, moment.at, owed=payment.amount)
        )
    elif order.is_in_time(moment.at):
        confirm(order, by=None, at=moment.at, reason=f"{payment} was captured.")
    elif not moment.is_settled_next:  # too late, but the seats may still be held: settling decides
        outbox.enqueue("orders.expiry_due", run_at=moment.at, order_id=order.pk)


def _after_capture(payment: Payment, result: Result, moment: Moment) -> Recorded:
    if result.outcome is not Outcome.PAID:
        logger.error("%s is captured; ignored: %s", payment, _reason(result, moment))
    elif _is_second_charge(payment, result):
        logger.error("%s was charged again as %s.", payment, result.transaction_no)
        moment.cases.append(open_case_of_second_charge(payment, result, moment.at))
        return Recorded.CONTRADICTED
    return Recorded.REPEATED


def _is_second_charge(payment: Payment, result: Result) -> bool:
    """Another number than the one we know. Word of a refund names none of the payment's."""
    known, told = payment.provider_transaction_no, result.transaction_no
    return "" not in (known, told) and known != told


def _compare(payment: Payment, result: Result, moment: Moment) -> Recorded:
    """What we were told once and what the provider says now; captured money stays captured."""
    if result.outcome is not Outcome.PAID:
        return _contradict(payment, result, moment)
    if result.refund:
        return _compare_refund(payment, result, result.refund, moment)
    if _is_other_amount(payment, result):
        return _note_other_amount(payment, result, moment)
    return _confirm(payment, result, moment)


def _compare_refund(payment: Payment, result: Result, word: RefundWord, moment: Moment) -> Recorded:
    """Money given back is ours to know of; what others gave back there is a contradiction."""
    reversal = hear(payment, word, moment.at)
    if reversal is None and result.gives_back:
        return _contradict(payment, result, moment)
    if reversal is None:
        return _confirm(payment, result, moment)
    if is_contradicted(reversal, word.state):
        logger.error("%s is %s; told: %s", reversal, reversal.status, word.state.value)
        moment.cases.append(open_case_of_contradicted_reversal(reversal, word.state, moment.at))
        return Recorded.CONTRADICTED
    return Recorded.REPEATED


def _contradict(payment: Payment, result: Result, moment: Moment) -> Recorded:
    logger.error("%s is %s; contradicted: %s", payment, payment.status, _reason(result, moment))
    if result.gives_back:
        moment.cases.append(open_case_of_refund_by_others(payment, result.gives_back, moment.at))
    else:
        moment.cases.append(open_case_of_contradiction(payment, result, moment.at))
    return Recorded.CONTRADICTED


def _confirm(payment: Payment, result: Result, moment: Moment) -> Recorded:
    """It came. What went back of it did so all the same, but for a refund that was rejected."""
    close_cases(payment, case_ends.CONFIRMED, at=moment.at)
    if result.refund:
        close_cases(payment, case_ends.KEPT, at=moment.at, about=number_of(result.refund))
    return _after_capture(payment, result, moment)


def _suspect(payment: Payment, result: Result, moment: Moment) -> Recorded:
    # Each reload of the return page brings it again, also once the provider has decided or was
    # asked: that it still, or again, suspects this attempt is told by a question alone.
    if moment.is_a_call and payment.cases.filter(kind=CaseKind.SUSPECTED_FRAUD).exists():
        return Recorded.REPEATED
    if payment.status == PaymentStatus.REVIEW:
        close_cases(payment, case_ends.KNOWN_AGAIN, at=moment.at)
        return Recorded.REPEATED
    payment.suspect(
        by=None,
        at=moment.at,
        reason=_reason(result, moment),
        transaction_no=result.transaction_no,
        code=result.code,
    )
    payment.save(
        update_fields=["status", "provider_transaction_no", "provider_code", "reconciled_at"]
    )
    close_cases(payment, case_ends.SUSPECTED, at=moment.at)
    moment.cases.append(open_case(CaseKind.SUSPECTED_FRAUD, payment, payment.amount, moment.at))
    return Recorded.NEW


def _fail(payment: Payment, result: Result, moment: Moment) -> Recorded:
    if payment.status == PaymentStatus.FAILED:
        return Recorded.REPEATED
    # By it settling tells an order that expired from one whose payment was refused.
    code = NEVER_HEARD_OF if result.outcome is Outcome.NOT_FOUND else result.code
    payment.fail(by=None, at=moment.at, reason=_reason(result, moment), code=code)
    payment.save(update_fields=["status", "provider_code"])
    close_cases(payment, case_ends.FAILED, at=moment.at)
    return Recorded.NEW


def _note_other_amount(payment: Payment, result: Result, moment: Moment) -> Recorded:
    logger.error("%s: asked for %s, told %s.", payment, payment.amount, result.amount)
    if result.amount is None:
        moment.cases.extend(_of_other_amounts(payment).order_by("-pk")[:1])
    # Where no money came, nobody owes any, whatever its amount.
    elif result.outcome in (Outcome.PAID, Outcome.REVIEW):
        moment.cases.append(_open_case_of_amount(payment, result, result.amount, moment))
        if payment.status == PaymentStatus.PENDING:
            _keep_code(payment, result)
    return Recorded.AMOUNT_MISMATCH


def _open_case_of_amount(
    payment: Payment, result: Result, amount: Decimal, moment: Moment
) -> PaymentCase:
    """Of captured money only what is above it is owed, unless it was taken a second time."""
    if payment.status != PaymentStatus.CAPTURED:
        kind, doubt = CaseKind.AMOUNT_MISMATCH, doubt_about(result)
        return open_case(kind, payment, amount, moment.at, owed=amount, doubt=doubt)
    # Only once it is paid: what is suspected may never be kept.
    if result.outcome is Outcome.PAID and _is_second_charge(payment, result):
        return open_case_of_second_charge(payment, result, moment.at)
    return open_case_of_other_amount(payment, amount, moment.at)


def _reason(result: Result, moment: Moment) -> str:
    return f"{moment.channel}: {result.outcome.value}, code {result.code or 'none'}"
