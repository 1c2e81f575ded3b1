"""Let the holder of a ticket in, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import AlreadyCheckedIn, DoorClosed, TicketNotValid, WrongShowing
from orders.models import Ticket
from ticketing.models import Event

REPEATABLE = timedelta(minutes=1)


@transaction.atomic(durable=True)
def check_in(
    *, code: str, by: User, showing_id: int | None = None, scan: UUID | None = None
) -> Ticket:
    """Mark a ticket as used, whoever else scans it at this moment.

    `showing_id` is the showing at whose door it is scanned: tickets of others are refused, and all
    of them outside its hours. Without it any showing will do, whenever it takes place.
    `scan` names one look at one ticket. Whoever asks again with it, since the answer was lost, is
    told the same for a minute; a copy of the ticket is another look, and lets nobody in.

    Locks the ticket and nothing else. Its order stays free, so that no door waits for a refund of
    another ticket; and whoever takes a single lock can't deadlock with those who lock the order and
    then its tickets. A refund of this very ticket comes before or after it, and sees which.
    Raises AlreadyCheckedIn, WrongShowing, DoorClosed, or TicketNotValid when its refund was
    approved or the event is off.
    """
    ticket = Ticket.objects.get_for_update(code)
    now = timezone.now()
    if showing_id is not None:
        # First, so that whoever stands at the wrong door is sent on, and not told that it was used.
        _check_door(ticket, showing_id, now)
    if ticket.status == Ticket.Status.USED:
        return _used_by(ticket, scan, now)
    _check_valid(ticket)
    ticket.use(by=by, at=now, reason="Checked in at the door.", scan=scan)
    ticket.save(update_fields=["status", "used_at", "used_by_scan"])
    return ticket


def _check_door(ticket: Ticket, showing_id: int, now: datetime) -> None:
    showing = ticket.showing
    if showing.pk != showing_id:
        raise WrongShowing(
            _("It is for {event}, {moment}. Send its holder there.").format(
                event=ticket.event_title, moment=showing.local(showing.starts_at)
            )
        )
    if not showing.has_open_door(now):
        raise DoorClosed(
            _("Tickets are taken from {start} until {end}.").format(
                start=showing.local(showing.door_opens_at),
                end=showing.local(showing.door_closes_at),
            )
        )


def _used_by(ticket: Ticket, scan: UUID | None, now: datetime) -> Ticket:
    """The ticket if it was this scan that used it, just now; otherwise AlreadyCheckedIn."""
    assert ticket.used_at is not None
    is_repeat = scan is not None and scan == ticket.used_by_scan
    if is_repeat and now - ticket.used_at < REPEATABLE:
        return ticket
    raise AlreadyCheckedIn(
        _("Its holder went in at {moment}. Let nobody in with it again.").format(
            moment=ticket.local(ticket.used_at)
        ),
        checked_in_at=ticket.used_at,
    )


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
        raise TicketNotValid(_("The event was a fraud; those affected get their money back."))
