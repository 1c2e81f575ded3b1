"""What the policy is asked about in tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from refunds.policy import Facts, Reason, TicketFacts

SALE_END = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
WHOLE_ORDER = [Reason.POSTPONED, Reason.CANCELLED, Reason.FRAUD]
PAYMENTS = [Reason.LATE_PAYMENT, Reason.DUPLICATE_PAYMENT]
LONG, SHORT = timedelta(hours=168), timedelta(hours=120)
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


def tickets_at(*prices):
    return tuple(TicketFacts(f"T{number}", Decimal(price)) for number, price in enumerate(prices))


def facts(reason=Reason.PERSONAL, left=LONG, prices=("500000.00",), **others):
    """One ticket of an order of 1,000,000 is given back, a week before the sale ends."""
    return Facts(
        **{
            "reason": reason,
            "requested_at": SALE_END - left,
            "sale_end": SALE_END,
            "tickets": tickets_at(*prices),
            "order_total": Decimal("1000000.00"),
            "refunded_before": Decimal("0.00"),
        }
        | others
    )


def rules_of(assessment):
    return [step.rule for step in assessment.steps]


def step_of(assessment, rule):
    [step] = [step for step in assessment.steps if step.rule == rule]
    return step
