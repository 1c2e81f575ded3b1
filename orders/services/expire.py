"""End overdue orders that nobody tried to pay, however many there are."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from orders import operations
from orders.models import Order

# Rows that are locked together: so long may a buyer's request have to wait for them.
AT_ONCE = 1_000


def expire_untried(*, limit: int) -> int:
    """Expire at most `limit` overdue orders without any attempt to pay; return how many.

    They owe nobody a question, so they end set-wise, some at a time, each some in a transaction of
    its own, longest overdue first. Passes over orders that are locked: somebody deals with them.
    Locks orders by ascending deadline, then their seats. Safe to repeat and to interrupt.
    """
    expired = 0
    while expired < limit:
        count = _expire_some(min(AT_ONCE, limit - expired), now=timezone.now())
        if not count:
            break
        expired += count
    return expired


@transaction.atomic(durable=True)
def _expire_some(most: int, *, now: datetime) -> int:
    overdue = Order.objects.overdue(now).never_tried_to_pay().order_by("expires_at")
    # Not by id, as all other orders are locked: whoever passes over locked rows waits for nobody.
    orders = list(overdue.select_for_update(skip_locked=True, of=("self",))[:most])
    operations.expire(orders, at=now, reason="Time is up and nobody tried to pay.")
    return len(orders)
