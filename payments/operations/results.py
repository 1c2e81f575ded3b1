"""What a provider's word does to an attempt and its order. Callers hold both locks, in that order.

The table is vnpay.md 6.4, the rules are design section 5; nothing here speaks to a provider.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from jobs import outbox
from orders.models import Order
from orders.operations import confirm
from payments.models import CaseKind, Channel, Payment, PaymentStatus
from payments.operations.cases import close_case, open_case, open_case_of_second_charge
from payments.providers import Outcome, Result

logger = logging.getLogger(__name__)

NEVER_HEARD_OF = "never heard of"  # the code of attempts that the customer never took up


class Recorded(Enum):
    """What became of a provider's word; the edge turns it into the provider's answer code."""

    NEW = "new"
    REPEATED = "repeated"
    UNKNOWN_REFERENCE = "unknown_reference"
    AMOUNT_MISMATCH = "amount_mismatch"


@dataclass(frozen=True)
class Moment:
    """When and through what we heard it, for the log."""

    at: datetime
    channel: str


def apply_result(order: Order, payment: Payment, result: Result, moment: Moment) -> Recorded:
    """Move a locked payment, and its locked order if money arrived, to what `result` says."""
    if result.amount is not None and result.amount != payment.amount:
        return _note_other_amount(payment, result, moment)
    if payment.status == PaymentStatus.CAPTURED:
        return _after_capture(payment, result, moment)
    if result.outcome is Outcome.PAID:
        return _capture(order, payment, result, moment)
    if result.outcome is Outcome.REVIEW:
        return _suspect(payment, result, moment)
    if result.outcome in (Outcome.FAILED, Outcome.NOT_FOUND):
        return _fail(payment, result, moment)
    return Recorded.NEW


def _capture(order: Order, payment: Payment, result: Result, moment: Moment) -> Recorded:
    payment.capture(
        by=None,
        at=moment.at,
        reason=_reason(result, moment),
        transaction_no=result.transaction_no,
        code=result.code,
    )
    payment.save(update_fields=["status", "paid_at", "provider_transaction_no", "provider_code"])
    close_case(payment, CaseKind.SUSPECTED_FRAUD, at=moment.at, decision="The provider cleared it.")
    use_money(order, payment, moment)
    return Recorded.NEW


def use_money(order: Order, payment: Payment, moment: Moment) -> None:
    """Give the order what was paid for, or say to whom the money belongs."""
    if order.status != Order.Status.PENDING_PAYMENT:
        kind = CaseKind.DUPLICATE if order.is_settled_as_paid else CaseKind.LATE
        open_case(kind, payment, payment.amount, moment.at, owed=payment.amount)
    elif moment.at < order.expires_at:
        confirm(order, by=None, at=moment.at, reason=f"{payment} was captured.")
    elif moment.channel != Channel.QUERY:  # whoever asks settles the order right afterwards
        outbox.enqueue("orders.expiry_due", run_at=moment.at, order_id=order.pk)


def _after_capture(payment: Payment, result: Result, moment: Moment) -> Recorded:
    if result.outcome is not Outcome.PAID:
        logger.error("%s is captured; ignored: %s", payment, _reason(result, moment))
    elif result.transaction_no != payment.provider_transaction_no:
        logger.error("%s was charged again as %s.", payment, result.transaction_no)
        open_case_of_second_charge(payment, result, moment.at)
    return Recorded.REPEATED


def _suspect(payment: Payment, result: Result, moment: Moment) -> Recorded:
    if payment.status == PaymentStatus.REVIEW:
        return Recorded.REPEATED
    payment.suspect(
        by=None,
        at=moment.at,
        reason=_reason(result, moment),
        transaction_no=result.transaction_no,
        code=result.code,
    )
    payment.save(update_fields=["status", "provider_transaction_no", "provider_code"])
    open_case(CaseKind.SUSPECTED_FRAUD, payment, payment.amount, moment.at)
    return Recorded.NEW


def _fail(payment: Payment, result: Result, moment: Moment) -> Recorded:
    if payment.status == PaymentStatus.FAILED:
        return Recorded.REPEATED
    code = NEVER_HEARD_OF if result.outcome is Outcome.NOT_FOUND else result.code
    payment.fail(by=None, at=moment.at, reason=_reason(result, moment), code=code)
    payment.save(update_fields=["status", "provider_code"])
    close_case(payment, CaseKind.SUSPECTED_FRAUD, at=moment.at, decision="No money was kept.")
    return Recorded.NEW


def _note_other_amount(payment: Payment, result: Result, moment: Moment) -> Recorded:
    if result.outcome in (Outcome.PAID, Outcome.REVIEW):
        amount = result.amount or Decimal(0)
        open_case(CaseKind.AMOUNT_MISMATCH, payment, amount, moment.at, owed=amount)
    logger.error("%s: asked for %s, told %s.", payment, payment.amount, result.amount)
    return Recorded.AMOUNT_MISMATCH


def _reason(result: Result, moment: Moment) -> str:
    return f"{moment.channel}: {result.outcome.value}, code {result.code or 'none'}"
