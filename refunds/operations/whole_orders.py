"""Refunding a whole order because its event does not take place."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.utils import translation
from django.utils.translation import gettext as _

from orders.models import Order
from refunds.models import Refund
from refunds.operations import decisions
from refunds.operations.claims import claim, free_tickets, is_nothing
from refunds.policy import Reason


def refund_whole_order(
    order: Order, reason: Reason, *, by: User | None, at: datetime, why: str
) -> Refund | None:
    """Approve what is still missing to the policy's part of the total; None if nothing is.

    Requests that wait for a decision are rejected: this refund covers them. The caller holds the
    order's lock; locks these refunds, then tickets by ascending id.
    """
    _reject_undecided(order, by=by, at=at)
    found = claim(order, reason, free_tickets(order), at)
    if is_nothing(found):
        return None
    refund = decisions.create(found, by=by)
    tickets = decisions.lock_tickets(refund)
    decisions.approve(order, refund, tickets, by=by, at=at, reason=why)
    return refund


def _reject_undecided(order: Order, *, by: User | None, at: datetime) -> None:
    with translation.override(order.language):  # the customer is told it
        covered = _("The event does not take place: all of the order's money goes back instead.")
    for refund in order.refunds.undecided().order_by("pk").select_for_update(of=("self",)):
        decisions.reject(
            order, refund, decisions.lock_tickets(refund), by=by, at=at, reason=covered
        )
