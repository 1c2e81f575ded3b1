"""What a scan comes to, in words that are read at arm's length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm_log.models import StateLog

from orders import services
from orders.errors import AlreadyCheckedIn
from orders.models import CODE_ALPHABET, Ticket
from orders.places import ticketed_place
from ticketing.errors import DomainError
from ticketing.models import Showing
from ticketing.templatetags.pages import moment

TICKET_CODE = re.compile(f"[{CODE_ALPHABET}]{{26}}")

Kind: TypeAlias = Literal["in", "already", "refused"]


@dataclass(frozen=True)
class Outcome:
    """`ticket` with its `place` is None where there is none that the visitor may know of."""

    kind: Kind
    status: int
    verdict: str
    detail: str = ""
    ticket: Ticket | None = None

    @property
    def place(self) -> dict[str, Any]:
        return ticketed_place(self.ticket) if self.ticket else {}


def take(code: str, *, by: User, door: Showing, scan: UUID | None) -> Outcome:
    """Let the holder of this code in, or say why not. What can't be a code asks no database."""
    code = code.strip().upper()
    ticket = _ticket(code, by) if TICKET_CODE.fullmatch(code) else None
    if ticket is None:
        nothing = _("No ticket for your events has this code.")
        return Outcome("refused", 404, _("Not valid"), nothing)
    try:
        services.check_in(code=code, by=by, showing_id=door.pk, scan=scan)
    except AlreadyCheckedIn as refusal:
        return _already_in(ticket, refusal.extra["checked_in_at"], refusal.status)
    except DomainError as refusal:
        detail = f"{refusal.title} {refusal}"
        return Outcome("refused", refusal.status, _("Not valid"), detail, ticket)
    return Outcome("in", 200, _("Come in"), ticket=ticket)


def _ticket(code: str, by: User) -> Ticket | None:
    return Ticket.objects.at_doors_of(by).with_places().filter(code=code).first()


def _already_in(ticket: Ticket, used_at: datetime, status: int) -> Outcome:
    # The latest: who was let in once more, on another date, has gone in twice.
    first = StateLog.objects.for_(ticket).filter(transition="use").select_related("by").latest("pk")
    detail = _("Let in at {time} by {person}. Let nobody in with it again.").format(
        time=_told(used_at, ticket.showing), person=first.by
    )
    return Outcome("already", status, _("Already in"), detail, ticket)


def _told(when: datetime, showing: Showing) -> str:
    """The time, with its day unless that is today."""
    local, today = when.astimezone(showing.zone), timezone.now().astimezone(showing.zone)
    return f"{local:%H:%M}" if local.date() == today.date() else moment(when, showing)
