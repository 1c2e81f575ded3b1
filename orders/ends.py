"""Why orders ended without tickets, for mails and pages alike."""

from __future__ import annotations

from django_fsm_log.models import StateLog

from orders.models import Order

ENDS = ("cancel", "expire", "fail")
CLOSES = ("cancel", "confirm_fraud")


def end_of(order: Order) -> StateLog | None:
    """The step by which it ended without tickets; None if it has not."""
    return StateLog.objects.for_(order).filter(transition__in=ENDS).order_by("pk").last()


def ended_with_its_event(order: Order, end: StateLog | None) -> bool:
    """Whether it ended, or is about to, because its event was off.

    An order that expires or fails at such an event does so: nobody could pay it any more. One that
    had ended before, or that somebody cancelled, does not.
    """
    if end and end.transition == "cancel":
        # The system cancels for no other reason.
        return end.by_id is None
    if not (end and order.event.is_closed):
        return bool(order.event.is_closed)
    # By the order of the log's rows, which is that of the steps: two clocks may differ.
    closed = StateLog.objects.for_(order.event).filter(transition__in=CLOSES).latest("pk")
    return bool(closed.pk < end.pk)
