"""End what still waits for payment at an event that was called off or put off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from orders import operations
from orders.ends import PUT_OFF
from orders.models import LAST_MINUTE, Order, OrderQuerySet
from ticketing.models import Event

AT_ONCE = 500
# Some seconds of work: a call must be over before somebody else may take its job.
MOST = 2_000


@dataclass(frozen=True)
class Closed:
    """How many orders a call ended, and how many of the event wait for payment after it."""

    ended: int
    waiting: int

    @property
    def is_interrupted(self) -> bool:
        """Whether it stopped with work left that can be done at once."""
        return self.ended >= MOST


def close_event(*, event_id: int) -> Closed:
    """End orders of a cancelled or fraudulent event that wait for payment, and free their seats.

    Of a postponed one those that nobody has tried to pay: money that is on its way for it is taken,
    and the others order anew for the date that it gets.

    Ends at most `MOST`, a few at a time, each few in a transaction of its own; money that still
    arrives for them is late money and goes back. Repeat it until nothing is waiting: it passes over
    orders that are locked, and leaves those to settling whose time is up although somebody tried
    to pay, since their money may be here already. An event that goes on is left alone.
    Locks orders by ascending id, then their seats. Safe to repeat and to interrupt.
    """
    ended = 0
    while ended < MOST and (count := _end_some(event_id)):
        ended += count
    event = Event.objects.get(pk=event_id)
    return Closed(ended, _waiting(event).count() if _reason(event) else 0)


@transaction.atomic(durable=True)
def _end_some(event_id: int) -> int:
    event, now = Event.objects.get(pk=event_id), timezone.now()
    reason = _reason(event)
    if not reason:
        return 0
    orders = list(
        _waiting(event)
        .exclude(_settled_next(now))
        .order_by("pk")
        # Somebody pays or settles a locked one right now: it is looked at again, and nobody waits.
        .select_for_update(skip_locked=True, of=("self",))[:AT_ONCE]
    )
    # Some may be of a sale that has begun again since the event was read: those stay.
    if _reason(Event.objects.get(pk=event_id)) != reason:
        return 0
    operations.cancel(orders, by=None, at=now, reason=reason)
    return len(orders)


def _waiting(event: Event) -> OrderQuerySet:
    pending = Order.objects.pending().filter(event=event)
    return pending if event.is_closed else pending.never_tried_to_pay()


def _settled_next(now: datetime) -> Q:
    """Orders whose money may have arrived too late to pay them, but not yet been decided about."""
    return Q(payment_started_at__isnull=False, expires_at__lte=now + LAST_MINUTE)


def _reason(event: Event) -> str:
    """Why its orders end; nothing if they don't, because it goes on meanwhile."""
    if event.status == Event.Status.CANCELLED:
        return "The event was cancelled."
    if event.is_closed:
        return "The event was found to be a fraud."
    return PUT_OFF if event.status == Event.Status.POSTPONED else ""
