"""What a customer is told of money that came late or twice: how far it is on its way back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from payments.models import PaymentCase, Reversal, ReversalStatus
from payments.models.reversal import ON_THE_WAY


class Step(StrEnum):
    """`SETTLED` is what a person decided about it; `STUCK` waits for a person."""

    PLANNED = "planned"
    SENT = "sent"
    BACK = "back"
    SETTLED = "settled"
    STUCK = "stuck"


@dataclass(frozen=True)
class WayBack:
    """`at` is since when, unless it is planned or stuck."""

    step: Step
    at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.step in (Step.BACK, Step.SETTLED)


def way_back_of(case: PaymentCase) -> WayBack:
    """How far the money of a late or second payment is."""
    reversal = Reversal.objects.filter(payment=case.payment_id).order_by("-pk").first()
    # Before the case, which a job closes a moment after the money is back.
    if reversal is not None and reversal.status == ReversalStatus.SUCCEEDED:
        return WayBack(Step.BACK, reversal.finished_at)
    if case.status == PaymentCase.Status.RESOLVED:
        return WayBack(Step.SETTLED, case.decided_at)
    if reversal is None or reversal.status == ReversalStatus.CREATED:
        return WayBack(Step.PLANNED)
    if reversal.status in ON_THE_WAY and reversal.unclear_at is None:
        return WayBack(Step.SENT, reversal.sent_at)
    return WayBack(Step.STUCK)
