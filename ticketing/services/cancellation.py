"""Cancel an event: its organizer asks for it, a platform admin confirms it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs import outbox
from ticketing.errors import NotAllowed, WrongEventState
from ticketing.models import Event
from ticketing.roles import require_admin, runs_it
from ticketing.transition_log import note

REQUEST_FIELDS = [
    "cancellation_requested_at",
    "cancellation_requested_by",
    "cancellation_request_reason",
]


@transaction.atomic(durable=True)
def request_cancellation(*, event_id: int, by: User, reason: str) -> Event:
    """Ask the platform to cancel the event. Nothing else changes until an admin confirms it.

    Repeating it changes nothing: the first request stays. `reason` must say something.
    Locks the event. Raises NotAllowed unless `by` runs the event or is an admin, WrongEventState.
    """
    event = Event.objects.get_for_update(event_id)
    _check_may_ask(by, event)
    _check_cancellable(event)
    if event.cancellation_requested_at is None:
        now = timezone.now()
        _set_request(event, by=by, at=now, reason=reason)
        note(event, "request_cancellation", by=by, at=now, reason=reason)
    return event


@transaction.atomic(durable=True)
def withdraw_cancellation(*, event_id: int, by: User, reason: str) -> Event:
    """Take the request back, whoever made it; an admin refuses it so. The log keeps it.

    That of a draft, too: there are some from before drafts were asked nothing. Repeating it changes
    nothing.
    Locks the event. Raises NotAllowed unless `by` runs the event or is an admin, WrongEventState
    once it is cancelled.
    """
    event = Event.objects.get_for_update(event_id)
    _check_may_ask(by, event)
    _check_not_cancelled(event)
    if event.cancellation_requested_at is not None:
        _set_request(event, by=None, at=None, reason="")
        note(event, "withdraw_cancellation", by=by, at=timezone.now(), reason=reason)
    return event


@transaction.atomic(durable=True)
def confirm_cancellation(*, event_id: int, by: User, reason: str) -> Event:
    """Cancel the event for ever, asked for or not; everybody who bought gets the money back.

    Locks the event, then waits for free orders that are being placed. Raises NotAllowed unless
    `by` is an admin, WrongEventState.
    """
    require_admin(by, _("Ask for the cancellation; a platform admin confirms it."))
    event = Event.objects.get_to_close(event_id)
    _check_cancellable(event)
    now = timezone.now()
    event.cancel(by=by, at=now, reason=reason)
    event.save(update_fields=["status"])
    # One job for each app that acts on it, since a topic has a single handler.
    outbox.enqueue("ticketing.event_closed", run_at=now, event_id=event.pk)
    outbox.enqueue("ticketing.event_cancelled", run_at=now, event_id=event.pk, by_id=by.pk)
    return event


def _check_may_ask(by: User, event: Event) -> None:
    if not runs_it(by, event):
        raise NotAllowed(_("Only members of its organizer ask for the cancellation of an event."))


def _check_cancellable(event: Event) -> None:
    if event.status == Event.Status.DRAFT:
        raise WrongEventState(_("Nobody sees a draft or buys for it: just leave it unpublished."))
    _check_not_cancelled(event)


def _check_not_cancelled(event: Event) -> None:
    if event.status == Event.Status.CANCELLED:
        raise WrongEventState(_("The event is cancelled already, and that is for ever."))


def _set_request(event: Event, *, by: User | None, at: datetime | None, reason: str) -> None:
    event.cancellation_requested_by, event.cancellation_requested_at = by, at
    event.cancellation_request_reason = reason
    event.save(update_fields=REQUEST_FIELDS)
