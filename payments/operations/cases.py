"""Cases: money that did not come as planned. Recorded once per fact, whoever repeats it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from jobs import outbox
from jobs.prepared import Lookup
from orders.models import Order
from payments.models import GOES_BACK, CaseKind, CaseStatus, Payment, PaymentCase, Reversal
from payments.providers import Outcome, RefundState, RefundWord, Result

NOTHING = Decimal(0)

WHAT_HAPPENED = {
    CaseKind.LATE: "The money came after order {order} had ended as {status}; its seats were free "
    "for others by then. It has to go back in full.",
    CaseKind.DUPLICATE: "Order {order} had been paid already. This money has to go back in full.",
    CaseKind.AMOUNT_MISMATCH: "{asked} was asked for and {amount} came. No ticket was issued; "
    "ask the provider, then give the money back there.",
    CaseKind.SUSPECTED_FRAUD: "The provider took the money and suspects fraud. No ticket is "
    "issued until it says paid; if it says failed, nothing is owed.",
    CaseKind.ORPHANED: "The provider did not say what became of it until the grace was over, so "
    "order {order} ended and its seats are free. Look it up at the provider.",
}


def open_case(
    kind: CaseKind,
    payment: Payment,
    amount: Decimal,
    at: datetime,
    *,
    owed: Decimal = NOTHING,
    doubt: str = "",
) -> PaymentCase:
    """Record that this payment did not go as planned. `owed` is money that must go back.

    `doubt` is what `doubt_about` says of the provider's word.
    """
    order = payment.order
    description = WHAT_HAPPENED[kind].format(
        order=order.code, status=order.status, asked=_plain(payment.amount), amount=_plain(amount)
    )
    return _of_payment(kind, payment, amount, at, description=description + doubt, owed=owed)


def doubt_about(result: Result) -> str:
    """Told in a case, so that what a person decides about it is not decided of money paid later."""
    is_suspected = result.outcome is Outcome.REVIEW
    return " The provider took the money and suspects fraud." if is_suspected else ""


def open_case_of_second_charge(payment: Payment, result: Result, at: datetime) -> PaymentCase:
    """Record that the provider took the money of a captured attempt once more."""
    amount = payment.amount if result.amount is None else result.amount
    # Without its payment: by that came what the order keeps, and no more can go back by it.
    return _once(
        CaseKind.DUPLICATE,
        payment.provider,
        _reference(payment, result.transaction_no),
        order=payment.order,
        amount=amount,
        amount_owed=amount,
        opened_at=at,
        description=f"{payment} was captured as transaction {payment.provider_transaction_no} and "
        f"charged again as {result.transaction_no}. The second charge has to go back.",
    )


def open_case_of_unknown_reference(provider: str, result: Result, at: datetime) -> PaymentCase:
    """Record money under a reference that nobody here made, with its order if the text names it."""
    amount = result.amount or NOTHING
    return _once(
        CaseKind.UNKNOWN_REFERENCE,
        provider,
        result.txn_ref,
        order=Order.objects.filter(code=result.order_code).first(),
        amount=amount,
        amount_owed=amount,
        opened_at=at,
        description="The provider reports a payment under a reference that nobody here made. "
        "Look it up at the provider and give it back." + doubt_about(result),
    )


def open_case_of_contradiction(payment: Payment, result: Result, at: datetime) -> PaymentCase:
    """Record that the provider no longer stands by the money of a captured attempt."""
    said = f"{result.outcome.value}, code {result.code or 'none'}"
    return _of_payment(
        CaseKind.CONTRADICTED, payment, payment.amount, at, description=_contradicted(payment, said)
    )


def open_case_of_refund_by_others(payment: Payment, back: RefundWord, at: datetime) -> PaymentCase:
    """Record that the provider gave money back without us, once for each of its refunds."""
    number = number_of(back)
    said = f"{_plain(back.amount)} were or will be given back as {number}"
    return _of_payment(
        CaseKind.GIVEN_BACK,
        payment,
        payment.amount,
        at,
        about=number,
        description=_contradicted(payment, said),
    )


def open_case_of_contradicted_reversal(
    reversal: Reversal, state: RefundState, at: datetime
) -> PaymentCase:
    """Record that money we gave back was not, or that money we believe to have went back."""
    payment = reversal.payment
    return _of_payment(
        CaseKind.GIVEN_BACK,
        payment,
        reversal.amount,
        at,
        # By our own name for it: it may have no number of the provider's.
        about=reversal.request_id,
        description=f"The reversal {reversal.request_id} of {_plain(reversal.amount)} of "
        f"{payment} is {reversal.status} here, and the provider says of it: {state.value}. "
        "Nothing was changed. Look it up at the provider, then decide about order "
        f"{payment.order.code}.",
    )


def _contradicted(payment: Payment, said: str) -> str:
    return (
        f"{payment} is {payment.status} here, and the provider says: {said}. Nothing was "
        f"changed. Look it up at the provider, then decide about order {payment.order.code}."
    )


def _plain(amount: Decimal) -> str:
    """Descriptions are in English, whoever causes them: not by the language that is active."""
    return f"{amount.normalize():,f} VND"


def number_of(refund: RefundWord) -> str:
    """What its case is filed under."""
    return refund.transaction_no or "unknown"


def tells_of_refund(payment: Payment, transaction_no: str) -> bool:
    """Whether a case has told already that others gave money back under this number."""
    return payment.cases.filter(txn_ref=_reference(payment, transaction_no)).exists()


def open_case_of_other_amount(payment: Payment, amount: Decimal, at: datetime) -> PaymentCase:
    """Record that a captured attempt has another amount at the provider; what is above is owed."""
    return _of_payment(
        CaseKind.AMOUNT_MISMATCH,
        payment,
        amount,
        at,
        owed=max(amount - payment.amount, NOTHING),
        description=f"{payment} is captured here with {payment.amount}, and the provider says "
        f"{amount}. Nothing was changed. Look it up at the provider.",
    )


def open_case_of_silence(payment: Payment, at: datetime) -> PaymentCase:
    """Record that an attempt of an ended order has had no final answer for too long."""
    return _of_payment(
        CaseKind.ORPHANED,
        payment,
        payment.amount,
        at,
        description=f"The provider has not said what became of {payment}, asked day after day. "
        "Look it up at the provider.",
    )


OPEN = Lookup(
    """
    SELECT {found} FROM payments_paymentcase found
    WHERE payment_id = %(payment)s AND txn_ref = %(reference)s AND kind = ANY(%(kinds)s)
        AND status = 'open' FOR UPDATE
    """,
    found=PaymentCase,
)


def close_cases(
    payment: Payment, decisions: Mapping[CaseKind, str], *, at: datetime, about: str = ""
) -> None:
    """Resolve this payment's open cases of these kinds, if there are any, each as decided.

    `about` is the number of a refund, for the cases of that one.
    """
    asked = {"payment": payment.pk, "reference": _reference(payment, about)}
    for (case,) in OPEN.find_all(**asked, kinds=list(decisions)):
        case.resolve(by=None, at=at, reason=decisions[case.kind])
        case.save()


def _of_payment(
    kind: CaseKind,
    payment: Payment,
    amount: Decimal,
    at: datetime,
    *,
    description: str,
    owed: Decimal = NOTHING,
    about: str = "",
) -> PaymentCase:
    return _once(
        kind,
        payment.provider,
        _reference(payment, about),
        payment=payment,
        order=payment.order,
        amount=amount,
        amount_owed=owed,
        opened_at=at,
        description=description,
    )


def _reference(payment: Payment, about: str = "") -> str:
    """A payment may be charged, or given back, several times: each is a fact of its own."""
    return f"{payment.txn_ref}/{about}" if about else payment.txn_ref


def _once(kind: CaseKind, provider: str, txn_ref: str, **facts: Any) -> PaymentCase:
    """The open case, the one in which a person has decided about the very same, or a new one."""
    same = {name: facts[name] for name in ("amount", "description")}
    told = PaymentCase.objects.filter(provider=provider, txn_ref=txn_ref, kind=kind, **same)
    decided = told.filter(decided_by__isnull=False).first()
    if decided is not None:
        return decided
    # Nobody holds a lock for a reference that is unknown: of two who hear of it the unique rule has
    # one make the case.
    case, is_new = PaymentCase.objects.get_or_create(
        provider=provider, txn_ref=txn_ref, kind=kind, status=CaseStatus.OPEN, defaults=facts
    )
    if is_new and kind in GOES_BACK:
        # One tells the customer, the other has the app above give the money back.
        outbox.enqueue("payments.owed", run_at=case.opened_at, case_id=case.pk)
        outbox.enqueue("payments.case_opened", run_at=case.opened_at, case_id=case.pk)
    return case
