"""What refunds do later, and what they do about facts of the apps below."""

from __future__ import annotations

from jobs.outbox import handles


@handles("payments.case_opened")
def refund_case(*, case_id: int) -> None:
    """Give late and second payments back in full."""


@handles("payments.reversal_ended")
def record_reversal(*, reversal_id: int) -> None:
    """Finish the refund whose money is back, or that the provider refused."""


@handles("payments.reversal_unclear")
def ask_about_reversal(*, reversal_id: int) -> None:
    """Let a person decide where the provider does not say what it did."""


@handles("ticketing.event_cancelled")
def refund_cancelled_event(*, event_id: int, by_id: int | None = None) -> None:
    """Give everybody's money back."""


@handles("ticketing.fraud_confirmed")
def prepare_fraud_campaign(*, event_id: int, by_id: int | None = None) -> None:
    """Prepare the refund of everybody, for an admin to start."""
