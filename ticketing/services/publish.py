"""Publish an event: from here on everybody sees it and can buy."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from ticketing.errors import EventNotPublishable
from ticketing.models import Event
from ticketing.publish_checklist import obstacles, publish_checklist


@transaction.atomic(durable=True)
def publish_event(*, event_id: int, by: User | None) -> Event:
    """Show a draft to everybody, once its checklist has no obstacle left.

    `by` is whoever decided it, None for the system itself. Returns the published event.
    Locks the event. Raises EventNotPublishable with all that is in the way.
    """
    event, now = Event.objects.get_for_update(event_id), timezone.now()
    found = obstacles(publish_checklist(event, now))
    if found:
        raise EventNotPublishable(" ".join(fault.text for fault in found))
    event.publish(by=by, at=now, reason="Nothing on its checklist stood in the way.")
    event.save(update_fields=["status"])
    return event
