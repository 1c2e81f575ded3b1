"""Refunding whole orders because their event does not take place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from orders.models import Order, Ticket
from refunds.models import Refund, RefundQuerySet
from refunds.operations import decisions
from refunds.operations.claims import claim, free_tickets, is_nothing
from refunds.operations.decisions import Locked
from refunds.policy import Reason

EVENT_IS_OFF = _("The event does not take place: all of the order's money goes back instead.")


def refund_whole_orders(
    orders: Sequence[Order], reason: Reason, *, by: User | None, at: datetime, why: str
) -> list[Refund]:
    """Approve what is still missing to the policy's part of each total, for those with any missing.

    Requests that wait for a decision are rejected: these refunds cover them. The caller holds the
    orders' locks; locks those requests, then tickets by ascending id.
    """
    # First: the tickets that those requests have taken are free then, and go back by these refunds.
    reject_covered(orders, Refund.objects.undecided(), EVENT_IS_OFF, by=by, at=at)
    tickets: dict[int, list[Ticket]] = {order.pk: [] for order in orders}
    for ticket in free_tickets(*orders).lock():
        tickets[ticket.order_id].append(ticket)
    claims = [claim(order, reason, tickets[order.pk], at) for order in orders]
    missing = [each for each in claims if not is_nothing(each)]
    refunds = decisions.create_together(missing, by=by)
    found = [Locked(refund, each.tickets) for each, refund in zip(missing, refunds, strict=True)]
    decisions.approve(found, by=by, at=at, reason=why)
    return refunds


def reject_covered(
    orders: Sequence[Order],
    undecided: RefundQuerySet,
    why: Any,
    *,
    by: User | None,
    at: datetime,
) -> None:
    """Reject these requests of the orders, which a refund of the whole takes the place of.

    `why` is told to the customer. The caller holds the orders' locks; locks the requests, then
    their tickets by ascending id.
    """
    of_id = {order.pk: order for order in orders}
    for refund in undecided.filter(order__in=orders).lock():
        refund.order = of_id[refund.order_id]
        found = Locked(refund, decisions.lock_tickets(refund))
        with translation.override(refund.order.language):  # the customer is told it
            reason = str(why)
        decisions.reject(found, by=by, at=at, reason=reason)
