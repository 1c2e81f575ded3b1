"""Money coming in: attempts to pay, what providers said, and what went wrong with it.

And money going back: reversals.
"""

from payments.models.case import GOES_BACK, CaseKind, CaseStatus, PaymentCase, PaymentCaseQuerySet
from payments.models.message import Channel, ProviderMessage
from payments.models.payment import (
    Payment,
    PaymentQuerySet,
    PaymentStatus,
    new_txn_ref,
)
from payments.models.reconciliation import (
    Reconciliation,
    ReconciliationDone,
    ReconciliationEnd,
    ReconciliationEntry,
)
from payments.models.reversal import Reversal, ReversalQuerySet, ReversalStatus

__all__ = [
    "GOES_BACK",
    "CaseKind",
    "CaseStatus",
    "Channel",
    "Payment",
    "PaymentCase",
    "PaymentCaseQuerySet",
    "PaymentQuerySet",
    "PaymentStatus",
    "ProviderMessage",
    "Reconciliation",
    "ReconciliationDone",
    "ReconciliationEnd",
    "ReconciliationEntry",
    "Reversal",
    "ReversalQuerySet",
    "ReversalStatus",
    "new_txn_ref",
]
