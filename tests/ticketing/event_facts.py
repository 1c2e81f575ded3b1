"""What a step of an event leaves behind."""

from __future__ import annotations

from django_fsm_log.models import StateLog

from jobs.models import Job
from ticketing.models import Event

REASON = "The organizer called."


def as_stored():
    """Everything that a refused step could have changed."""
    return (
        list(Event.objects.order_by("pk").values()),
        list(StateLog.objects.order_by("pk").values()),
        list(Job.objects.order_by("pk").values()),
    )


def assert_noted(event, by):
    note = StateLog.objects.for_(event).latest("pk")
    assert (note.by, note.description) == (by, REASON)
    return note
