"""Let the holder of a ticket in, once."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import AlreadyCheckedIn, TicketNotValid
from orders.models import Ticket
from ticketing.models import Event


@transaction.atomic(durable=True)
def check_in(*, code: str, by: User) -> Ticket:
    """Mark a ticket as used, whoever else scans it at this moment.

    Locks the ticket and nothing else. Its order stays free, so that no door waits for a refund of
    another ticket; and whoever takes a single lock can't deadlock with those who lock the order and
    then its tickets. A refund of this very ticket comes before or after it, and sees which.
    Raises AlreadyCheckedIn, or TicketNotValid when its refund was approved or the event is off.
    """
    ticket = Ticket.objects.get_for_update(code)
    if ticket.status == Ticket.Status.USED:
        assert ticket.used_at is not None
        raise AlreadyCheckedIn(
            _("Its holder went in at {moment}. Let nobody in with it again.").format(
                moment=ticket.local(ticket.used_at)
            ),
            checked_in_at=ticket.used_at,
        )
    _check_valid(ticket)
    ticket.use(by=by, at=timezone.now(), reason="Checked in at the door.")
    ticket.save(update_fields=["status", "used_at"])
    return ticket


def _check_valid(ticket: Ticket) -> None:
    if ticket.status == Ticket.Status.REFUNDED:
        raise TicketNotValid(_("Its money went back to the customer."))
    if ticket.refund_approved_at is not None:
        raise TicketNotValid(
            _("Its refund was approved at {moment}. Let nobody in with it.").format(
                moment=ticket.local(ticket.refund_approved_at)
            )
        )
    _check_takes_place(ticket.event)


def _check_takes_place(event: Event) -> None:
    if event.status == Event.Status.CANCELLED:
        raise TicketNotValid(_("The event was cancelled."))
    if event.status == Event.Status.POSTPONED:
        raise TicketNotValid(
            _("The event is postponed. Let nobody in before a platform admin has reinstated it.")
        )
    if event.fraud_status == Event.FraudStatus.CONFIRMED:
        raise TicketNotValid(_("The event was a fraud; its customers get their money back."))
