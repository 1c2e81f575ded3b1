from __future__ import annotations

import pytest
from django_fsm_log.models import StateLog

from tests.factories import CustomerFactory, EventFactory, ShowingFactory, seats_in_area
from ticketing.errors import EventNotPublishable
from ticketing.models import Event
from ticketing.services import publish_event


def draft_with_seats():
    event = EventFactory(draft=True)
    seats_in_area(1, showing=ShowingFactory(event=event))
    return event


def assert_unmoved(event):
    assert Event.objects.get(pk=event.pk).status == event.status
    assert not StateLog.objects.for_(event).filter(transition="publish", by__isnull=False)


def test_a_draft_with_seats_is_published_and_it_is_noted_by_whom():
    event, organizer = draft_with_seats(), CustomerFactory()

    published = publish_event(event_id=event.pk, by=organizer)

    assert published.status == Event.objects.get().status == "published"
    note = StateLog.objects.for_(event).get()
    assert (note.by, note.source_state, note.state) == (organizer, "draft", "published")
    assert note.description


def test_an_event_without_showings_stays_a_draft():
    event = EventFactory(draft=True)

    with pytest.raises(EventNotPublishable, match="Add a showing"):
        publish_event(event_id=event.pk, by=CustomerFactory())

    assert_unmoved(event)


def test_an_event_stays_a_draft_while_one_of_its_showings_has_no_seats():
    event = draft_with_seats()
    empty = ShowingFactory(event=event)

    with pytest.raises(EventNotPublishable) as refusal:
        publish_event(event_id=event.pk, by=CustomerFactory())

    assert str(empty) in str(refusal.value)
    assert_unmoved(event)


@pytest.mark.parametrize("state", ["published", "postponed", "cancelled"])
def test_only_a_draft_is_published(state):
    event = EventFactory(status=state)
    seats_in_area(1, showing=ShowingFactory(event=event))

    with pytest.raises(EventNotPublishable, match=state):
        publish_event(event_id=event.pk, by=CustomerFactory())

    assert_unmoved(event)
