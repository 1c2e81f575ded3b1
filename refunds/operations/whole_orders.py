"""Refunding whole orders because their event does not take place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.utils import translation
from django.utils.translation import gettext as _

from orders.models import Order, Ticket
from refunds.models import Refund
from refunds.operations import decisions
from refunds.operations.claims import claim, free_tickets, is_nothing
from refunds.operations.decisions import Locked
from refunds.policy import Reason


def refund_whole_orders(
    orders: Sequence[Order], reason: Reason, *, by: User | None, at: datetime, why: str
) -> list[Refund]:
    """Approve what is still missing to the policy's part of each total, for those with any missing.

    Requests that wait for a decision are rejected: these refunds cover them. The caller holds the
    orders' locks; locks those requests, then tickets by ascending id.
    """
    # First: the tickets that those requests have taken are free then, and go back by these refunds.
    _reject_undecided(orders, by=by, at=at)
    tickets: dict[int, list[Ticket]] = {order.pk: [] for order in orders}
    for ticket in free_tickets(*orders).lock():
        tickets[ticket.order_id].append(ticket)
    claims = [claim(order, reason, tickets[order.pk], at) for order in orders]
    missing = [each for each in claims if not is_nothing(each)]
    refunds = decisions.create_together(missing, by=by)
    found = [
        Locked(each.order, refund, each.tickets)
        for each, refund in zip(missing, refunds, strict=True)
    ]
    decisions.approve(found, by=by, at=at, reason=why)
    return refunds


def _reject_undecided(orders: Sequence[Order], *, by: User | None, at: datetime) -> None:
    of_id = {order.pk: order for order in orders}
    for refund in Refund.objects.undecided().filter(order__in=orders).lock():
        refund.order = of_id[refund.order_id]
        found = Locked(refund.order, refund, decisions.lock_tickets(refund))
        with translation.override(refund.order.language):  # the customer is told it
            covered = _(
                "The event does not take place: all of the order's money goes back instead."
            )
        decisions.reject(found, by=by, at=at, reason=covered)
