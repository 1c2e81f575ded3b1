"""Take back what was told of tickets while their event was held for a fraud."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from jobs import outbox
from jobs.models import Job
from orders.models import Order, Ticket
from ticketing.event_changes import is_to_come
from ticketing.models import Event

# The keys of the mails that say that tickets are not valid begin so, then comes the order's id.
IN_VAIN = "mail:orders.paid_in_vain:"

# A fraud may be cleared after months, and then another one: who was told must be known as long.
outbox.remember(key__startswith=IN_VAIN)
outbox.remember(key__startswith="mail:orders.paid:", key__endswith=":after_all")

# Why a mail is kept back; members of the organizer read it, who don't read of a fraud.
IT_IS_OFF = "The event is off for now; this is told if it takes place after all."


@transaction.atomic(durable=True)
def tell_of_clearing(*, event_id: int, only: int | None = None) -> None:
    """Send the mails that wait for it, and tickets to customers who were told they are not good.

    Not those of a night that has passed meanwhile: nobody got in with them.
    Whoever had the tickets before was told nothing, and is told nothing now. Safe to repeat: they
    are sent once for each time that this was told. With `only` they are sent of that order alone.
    Locks the jobs of the mails that wait; with `only` none, since the clearing itself woke them.
    """
    event, now = Event.objects.get(pk=event_id), timezone.now()
    if event.is_closed:
        return
    if only is None:
        # Those of other events look again, too, and wait on.
        outbox.run_now(waiting_for=IT_IS_OFF)
    # Other ids may begin as that of the one does.
    keys = IN_VAIN if only is None else f"{IN_VAIN}{only}"
    told = Job.objects.filter(key__startswith=keys).order_by("pk").values_list("key", "pk")
    # Behind the order's id may stand an occasion: a mail of tickets that were asked for once more.
    last = {int(key.split(":")[2]): pk for key, pk in told if key}
    good = Exists(Ticket.objects.valid().filter(order=OuterRef("pk")))
    concerned = last if only is None else {only} & last.keys()
    to_come = [each.pk for each in event.showings.all() if is_to_come(each, now)]
    orders = Order.objects.filter(good, pk__in=concerned, showing__in=to_come).order_by("pk")
    outbox.enqueue_due(
        [
            outbox.new_job(
                "orders.tickets_wanted",
                run_at=now,
                order_id=order.pk,
                request_id=last[order.pk],
                after_all=True,
            )
            for order in orders
        ]
    )
