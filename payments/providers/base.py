"""What a payment provider has to be able to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import get_language

if TYPE_CHECKING:
    from payments.models import Payment, Reversal


class Outcome(Enum):
    """What a provider says became of an attempt to pay."""

    PAID = "paid"
    FAILED = "failed"
    REVIEW = "review"  # the money was taken, and the provider suspects fraud
    PENDING = "pending"  # not final yet
    NOT_FOUND = "not_found"  # it knows no such attempt
    UNKNOWN = "unknown"  # no answer, or none that can be trusted


class RefundState(Enum):
    """How far a provider is with giving money back."""

    UNDER_WAY = "under way"
    DONE = "done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # it may have been done, or not
    NOT_SENT = "not sent"  # provably, so it may be asked for again


@dataclass(frozen=True)
class RefundWord:
    """A provider's word on money that it gives back, whoever asked it to."""

    state: RefundState
    amount: Decimal
    transaction_no: str


@dataclass(frozen=True)
class Result:
    """A provider's verified word on one attempt. `amount` is in VND; None when it names none."""

    txn_ref: str
    outcome: Outcome
    amount: Decimal | None = None
    transaction_no: str = ""
    code: str = ""
    order_code: str = ""  # from the signed order text, for references that nobody here knows
    refund: RefundWord | None = None  # the latest one, where the provider tells of any
    was_asked: bool = True  # False: as it is set up now it can't know, so nothing was sent

    @property
    def gives_back(self) -> RefundWord | None:
        """The refund, unless the provider rejected it and kept the money."""
        rejected = self.refund is not None and self.refund.state is RefundState.REJECTED
        return None if rejected else self.refund


@dataclass(frozen=True)
class Opening:
    """Where to send the customer, and what the provider must be told again in questions later."""

    payment_url: str
    request: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What a question to the provider brought, with both messages, free of secrets."""

    result: Result
    sent: dict[str, Any] = field(default_factory=dict)
    received: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RefundAnswer:
    """What asking for a refund brought, with both messages, free of secrets.

    Without a `code` nothing came that can be trusted. `transaction_no` is the refund's own.
    `takes_partial`: refused as a full refund only, the same amount may be asked for as a partial.
    """

    state: RefundState
    code: str = ""
    message: str = ""
    transaction_no: str = ""
    takes_partial: bool = False
    sent: dict[str, Any] = field(default_factory=dict)
    received: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Customer:
    """What the provider wants to know of the browser that pays."""

    address: str
    locale: str = ""
    bank_code: str = ""


def spoken_locale() -> str:
    """The active language as providers call it."""
    return "vn" if (get_language() or "").startswith("vi") else "en"


class UntrustedCallback(Exception):
    """Not signed by the provider, or not meant for us."""


class UnusableCallback(Exception):
    """Nothing in it that could be verified, or verified and still not to be read."""


class NotPayable(Exception):
    """The provider would refuse this amount, bank or language. `str()` is for the customer."""


class Provider(Protocol):
    """One payment provider. None of the methods touches the database."""

    @property
    def name(self) -> str:
        """What `Payment.provider` says, and the address of its callbacks."""

    @property
    def query_interval(self) -> timedelta:
        """The shortest time between two questions about one attempt."""

    @property
    def not_found_margin(self) -> timedelta:
        """How long after the pay link's end "not found" becomes final."""

    def open(self, payment: Payment, customer: Customer, now: datetime) -> Opening:
        """Build the pay link of a new attempt, offline. Raises NotPayable."""

    def read_callback(self, pairs: Iterable[tuple[str, str]]) -> Result:
        """Verify what came through the browser or from the provider's server.

        Raises UntrustedCallback or UnusableCallback.
        """

    def query(self, payment: Payment, now: datetime) -> Answer:
        """Ask over the network; never raises for what the network or the provider does."""

    def refund_request(self, reversal: Reversal, now: datetime) -> dict[str, Any]:
        """Build the request for money back, offline and without secrets, to be kept."""

    def refund(self, request: Mapping[str, Any]) -> RefundAnswer:
        """Send what `refund_request` built; never raises for what network or provider do.

        NOT_SENT only if nothing can have left this machine.
        """

    def redact(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The message without secrets and card data, for the log."""
