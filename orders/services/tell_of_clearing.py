"""Take back what was told of tickets while their event was held for a fraud."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs import outbox
from jobs.models import Job
from orders.models import Order, Ticket
from ticketing.models import Event

IN_VAIN = "mail:orders.paid_in_vain:"  # how the keys of these mails begin, before the order's id


@transaction.atomic(durable=True)
def tell_of_clearing(*, event_id: int, confirmed_id: int) -> None:
    """Have the tickets mailed of orders whose customers were told that they let nobody in.

    Those that were told since the step `confirmed_id`, by which the event was off. Whoever had the
    tickets before was told nothing, and is told nothing now. Safe to repeat.
    """
    if Event.objects.get(pk=event_id).is_closed:
        return
    confirmed_at = StateLog.objects.get(pk=confirmed_id).timestamp
    told = Job.objects.filter(key__startswith=IN_VAIN, created_at__gte=confirmed_at)
    # Behind the id may stand an occasion: a mail of tickets that were asked for once more.
    ids = {int(key.split(":")[2]) for key in told.values_list("key", flat=True) if key}
    good = Exists(Ticket.objects.valid().filter(order=OuterRef("pk")))
    orders = Order.objects.filter(good, pk__in=ids, event=event_id).order_by("pk")
    now = timezone.now()
    outbox.enqueue_due(
        [
            outbox.new_job(
                "orders.tickets_wanted",
                run_at=now,
                order_id=order.pk,
                # As good as the row of a request: both are rows of one log, which have one number.
                request_id=confirmed_id,
                after_all=True,
            )
            for order in orders
        ]
    )
