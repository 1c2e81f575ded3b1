"""Publish an event: from here on everybody sees it and can buy."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from ticketing.errors import EventNotPublishable
from ticketing.models import Event, EventStatus, Seat, Showing


@transaction.atomic(durable=True)
def publish_event(*, event_id: int, by: User | None) -> Event:
    """Show a draft to everybody, once there is something to sell at each of its showings.

    `by` is whoever decided it, None for the system itself. Returns the published event.
    Locks the event. Raises EventNotPublishable.
    """
    event = Event.objects.get_for_update(event_id)
    _check_is_draft(event)
    _check_has_seats_everywhere(event)
    event.publish(by=by, at=timezone.now(), reason="Each of its showings has seats to sell.")
    event.save(update_fields=["status"])
    return event


def _check_is_draft(event: Event) -> None:
    if not can_proceed(event.publish):
        state = EventStatus(event.status).label
        raise EventNotPublishable(
            _("Only a draft can be published; this event is {state}.").format(state=state)
        )


def _check_has_seats_everywhere(event: Event) -> None:
    showings = Showing.objects.filter(event=event)
    if not showings.exists():
        raise EventNotPublishable(_("Add a showing first."))
    seats = Seat.objects.filter(showing=OuterRef("pk"))
    empty = showings.filter(~Exists(seats)).order_by("starts_at").first()
    if empty:
        raise EventNotPublishable(
            _("Give every showing its seats first: {showing} has none.").format(showing=empty)
        )
