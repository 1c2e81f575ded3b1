"""What the stand-in remembers. The first field of a record is its key in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

PAID, FAILED = "00", "02"  # anything else is not finished


@dataclass(frozen=True)
class Payment:
    """One payment link that was opened, and what became of it. Amounts are VND times 100."""

    table: ClassVar[str] = "payments"

    txn_ref: str
    link: str
    opened_at: str
    create_date: str
    expire_date: str
    amount: int
    order_info: str
    locale: str
    return_url: str
    asked_bank: str
    # Empty until the customer has chosen a bank; before that querydr answers 91 (section 7).
    status: str = ""
    outcome: str = ""
    response_code: str = ""
    transaction_no: str = "0"
    bank_code: str = ""
    bank_tran_no: str = ""
    card_type: str = ""
    pay_date: str = ""
    callback: str = ""

    @property
    def is_open(self) -> bool:
        """Whether a person may still pay on the page: nothing was reported to the merchant yet."""
        return self.response_code == ""

    @property
    def is_final(self) -> bool:
        """Paid and failed stay so; left, suspected and reversed payments may still be decided."""
        return self.status in (PAID, FAILED)


@dataclass(frozen=True)
class Refund:
    """One accepted refund. Its status follows from the clock, and so survives a restart."""

    table: ClassVar[str] = "refunds"

    transaction_no: str
    txn_ref: str
    request_id: str
    transaction_type: str
    amount: int
    created_by: str
    order_info: str
    pay_date: str
    accepted_at: float
    takes_seconds: float
    final_status: str

    def status_at(self, moment: float) -> str:
        """05 processing, then 06 sent to the bank, then the end that was decided (section 8.2)."""
        passed = moment - self.accepted_at
        if passed >= self.takes_seconds:
            return self.final_status
        return "05" if passed < self.takes_seconds / 2 else "06"


@dataclass(frozen=True)
class Delivery:
    """One IPN: `pending` until the merchant has `confirmed` it or it is `exhausted`."""

    table: ClassVar[str] = "deliveries"

    id: str
    txn_ref: str
    query: str
    next_at: float
    attempts_left: int
    state: str = "pending"


@dataclass(frozen=True)
class Attempt:
    """One IPN call and the merchant's answer, or the reason why there was none."""

    table: ClassVar[str] = "attempts"

    id: str
    delivery_id: str
    txn_ref: str
    at: str
    seconds: float
    http_status: int | None
    rsp_code: str | None
    body: str
    error: str


@dataclass(frozen=True)
class ApiCall:
    """One API call. `accepted`: it was genuine and not a repeat, so its request id is used up."""

    table: ClassVar[str] = "api_calls"

    id: str
    at: float
    command: str
    txn_ref: str
    request_id: str
    request: str
    response_code: str
    answer: str
    accepted: bool


@dataclass(frozen=True)
class Switch:
    """One weather switch that is set; scope is a TxnRef, or empty for all. `value` is JSON."""

    table: ClassVar[str] = "weather"

    key: str
    scope: str
    name: str
    value: str
    times: int | None


type_of_record = type[Payment | Refund | Delivery | Attempt | ApiCall | Switch]
KINDS: tuple[type_of_record, ...] = (Payment, Refund, Delivery, Attempt, ApiCall, Switch)
