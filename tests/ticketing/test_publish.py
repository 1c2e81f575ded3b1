from __future__ import annotations

import pytest
from django_fsm_log.models import StateLog

from tests.factories import (
    AreaFactory,
    CustomerFactory,
    EventFactory,
    ShowingFactory,
    from_now,
    seats_in_area,
)
from tests.ticketing.event_states import new_member, suspect
from ticketing.errors import EventNotPublishable
from ticketing.models import Event, Seat, Showing
from ticketing.publish_checklist import Page, obstacles, publish_checklist
from ticketing.services import publish_event


def draft_with_seats(**fields):
    """A draft whose list has no open line."""
    words = {"venue": "Nhà hát Lớn", "description": "Songs.", **fields}
    event = EventFactory(draft=True, **words)
    new_member(event)
    seats_in_area(1, showing=ShowingFactory(event=event))
    return event


def assert_unmoved(event):
    assert Event.objects.get(pk=event.pk).status == event.status
    assert not StateLog.objects.for_(event).filter(transition="publish", by__isnull=False)


def open_lines(event):
    """What the checklist has against the event: the texts of its conditions, and where to mend."""
    checklist = publish_checklist(event, from_now())
    return {
        condition.text: [(fault.page, fault.pk) for fault in condition.faults]
        for condition in checklist
        if not condition.is_met
    }


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


def test_an_event_stays_a_draft_while_one_of_its_showings_has_begun():
    event = draft_with_seats()
    showing = Showing.objects.get()
    Showing.objects.update(starts_at=from_now(minutes=-1))

    with pytest.raises(EventNotPublishable, match="has begun already"):
        publish_event(event_id=event.pk, by=CustomerFactory())

    assert_unmoved(event)
    assert open_lines(event) == {"Every showing lies ahead.": [(Page.SHOWING, showing.pk)]}


def test_the_refusal_names_all_that_stands_in_the_way():
    event = draft_with_seats(title=" ")
    ShowingFactory(event=event, starts_at=from_now(days=-1), ticket_sale_start=from_now(days=-9))

    with pytest.raises(EventNotPublishable) as refusal:
        publish_event(event_id=event.pk, by=CustomerFactory())

    found = obstacles(publish_checklist(event, from_now()))
    assert len(found) == 3
    assert str(refusal.value) == " ".join(fault.text for fault in found)
    assert_unmoved(event)


@pytest.mark.parametrize("state", ["published", "postponed", "cancelled"])
def test_only_a_draft_is_published(state):
    event = EventFactory(status=state)
    seats_in_area(1, showing=ShowingFactory(event=event))

    with pytest.raises(EventNotPublishable, match=state):
        publish_event(event_id=event.pk, by=CustomerFactory())

    assert_unmoved(event)


def test_a_fraud_is_not_published():
    event = suspect(draft_with_seats(), "confirmed")

    with pytest.raises(EventNotPublishable, match="found to be a fraud"):
        publish_event(event_id=event.pk, by=CustomerFactory())

    assert_unmoved(event)


def test_a_complete_draft_has_no_open_line():
    assert open_lines(draft_with_seats()) == {}


def no_venue(event):
    event.venue = " "
    return Page.EVENT, event.pk


def no_description(event):
    event.description = ""
    return Page.EVENT, event.pk


def no_member(event):
    event.organizer.members.clear()
    return Page.ORGANIZER, event.organizer_id


def sale_is_over(event):
    Showing.objects.update(ticket_sale_end=from_now(minutes=-1))
    return Page.SHOWING, event.showings.get().pk


def sold_after_its_end(event):
    Showing.objects.update(ticket_sale_end=from_now(days=40))
    return Page.SHOWING, event.showings.get().pk


def all_blocked(event):
    Seat.objects.all().block()
    return Page.SEATS, event.showings.get().pk


def an_empty_area(event):
    return Page.AREAS, AreaFactory(showing=event.showings.get()).showing_id


def costs_nothing(event):
    seats_in_area(1, showing=event.showings.get(), price=0)
    return Page.PRICES, event.showings.get().pk


def costs_what_no_bank_takes(event):
    seats_in_area(1, showing=event.showings.get(), price=500)
    return Page.PRICES, event.showings.get().pk


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (no_venue, "It says where it takes place."),
        (no_description, "It says what it is about."),
        (no_member, "Somebody of its organizer can be reached."),
        (sale_is_over, "Every showing can sell something."),
        (sold_after_its_end, "Every showing can sell something."),
        (all_blocked, "Every showing can sell something."),
        (an_empty_area, "Every area has seats."),
        (costs_nothing, "Every area has a price."),
        (costs_what_no_bank_takes, "Every area has a price."),
    ],
)
def test_what_is_only_better_to_have_is_said_and_stops_nobody(spoil, line):
    event = draft_with_seats()
    place = spoil(event)

    assert open_lines(event) == {line: [place]}
    assert publish_event(event_id=event.pk, by=None).status == "published"


def test_the_list_takes_as_many_queries_for_a_season_as_for_an_evening(
    django_assert_max_num_queries,
):
    event = draft_with_seats()
    for _ in range(5):
        showing = ShowingFactory(event=event)
        for _ in range(3):
            seats_in_area(2, showing=showing)
    event = Event.objects.get(pk=event.pk)

    with django_assert_max_num_queries(4):
        assert obstacles(publish_checklist(event, from_now())) == []
