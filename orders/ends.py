"""Why orders ended without tickets, for mails and pages alike."""

from __future__ import annotations

from django.utils.translation import gettext_noop
from django_fsm_log.models import StateLog

from orders.models import Order

# Why the system has cancelled an order whose event is not off; customers read it.
PUT_OFF = gettext_noop("The event was postponed.")
ENDS = ("cancel", "expire", "fail")
# The steps of an event that decide whether it is off.
DECIDES = ("cancel", "confirm_fraud", "clear")


def end_of(order: Order) -> StateLog | None:
    """The step by which it ended without tickets; None if it has not."""
    return StateLog.objects.for_(order).filter(transition__in=ENDS).order_by("pk").last()


def was_put_off(end: StateLog) -> bool:
    """Whether the system ended it since its event was postponed."""
    return end.by_id is None and end.description == PUT_OFF


def ended_with_its_event(order: Order, end: StateLog | None) -> bool:
    """Whether it ended, or is about to, because its event was off.

    An order that expires or fails at such an event does so: nobody could pay it any more. One
    that somebody cancelled does not. Whatever became of the event later changes nothing.
    """
    if end is None:
        return bool(order.event.is_closed)
    if end.transition == "cancel":
        # The system cancels for no other reason but one.
        return end.by_id is None and not was_put_off(end)
    # By the order of the log's rows, which is that of the steps: two clocks may differ.
    before = StateLog.objects.for_(order.event).filter(transition__in=DECIDES, pk__lt=end.pk)
    steps = list(before.order_by("pk").values_list("transition", flat=True))
    return "cancel" in steps or steps[-1:] == ["confirm_fraud"]
