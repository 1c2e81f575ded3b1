"""The checklist before an event is published, and the copy of an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.back_office.workbench import page_of, stored, text_of
from tests.factories import EventFactory, ShowingFactory, from_now, seats_in_area
from tests.ticketing.event_states import event_in
from ticketing.models import Event, Seat

IN_A_YEAR = from_now(days=365)


@pytest.fixture
def draft(member):
    """A draft of the member's organizer, with a showing and no seats."""
    event = EventFactory(draft=True, organizer=member.user.organizers.get())
    ShowingFactory(event=event)
    return event


def seated(event):
    seats_in_area(2, showing=event.showings.get())
    return event


def test_a_draft_with_an_obstacle_has_no_button_and_says_where_to_mend_it(member, draft):
    html = text_of(member.get(page_of(draft, "check_and_publish")))

    assert "is-missing" in html
    assert (
        f'<a href="{page_of(draft.showings.get(), "areas")}">Give every showing its seats' in html
    )
    assert "Not yet: mend what is marked" in html
    assert '<button type="submit" class="wb-button">Publish' not in html


def test_a_draft_with_an_obstacle_is_not_published_by_address_either(member, draft):
    before = stored()

    answer = member.post(page_of(draft, "check_and_publish"))

    assert "Give every showing its seats first" in text_of(answer)
    assert stored() == before


def test_advice_is_told_apart_and_stops_nobody(member, draft):
    html = text_of(member.get(page_of(seated(draft), "check_and_publish")))

    assert "is-missing" not in html
    assert "is-advice" in html
    assert "Write down the venue" in html
    assert '<button type="submit" class="wb-button">Publish' in html


def test_a_draft_with_everything_is_published(member, draft):
    answer = member.post(page_of(seated(draft), "check_and_publish"), follow=True)

    assert "is published: its tickets can be bought." in text_of(answer)
    assert Event.objects.get().status == "published"


def test_what_is_published_already_is_told_so(member):
    event = event_in("published", organizer=member.user.organizers.get())
    seats_in_area(1, showing=ShowingFactory(event=event))
    before = stored()

    html = text_of(member.post(page_of(event, "check_and_publish")))

    assert "Only a draft can be published; this event is published." in html
    assert stored() == before


@pytest.mark.parametrize("page", ["check_and_publish", "copy_event"])
def test_the_drafts_of_others_do_not_exist(stranger, draft, page):
    before = stored()

    assert stranger.get(page_of(draft, page)).status_code == 404
    assert stranger.post(page_of(draft, page), {"title": "Mine"}).status_code == 404
    assert stored() == before


def test_a_copy_is_asked_for_with_title_and_date(member, draft):
    showing = seated(draft).showings.get()

    html = text_of(member.get(page_of(draft, "copy_event")))

    begins = showing.starts_at.astimezone(showing.zone)
    assert f'value="{begins:%Y-%m-%dT%H:%M}"' in html
    assert "Time zone: Asia/Ho_Chi_Minh." in html
    assert f'value="{draft.title}"' in html


def test_a_copy_begins_when_the_clock_at_the_house_shows_it(member, draft):
    seated(draft)
    form = {"title": "Once more", "starts_at": f"{IN_A_YEAR:%Y-%m-%d}T20:00"}

    answer = member.post(page_of(draft, "copy_event"), form)

    copy = Event.objects.exclude(pk=draft.pk).get()
    assert answer.headers["Location"] == page_of(copy)
    assert (copy.title, copy.organizer, copy.status) == ("Once more", draft.organizer, "draft")
    eight = datetime(IN_A_YEAR.year, IN_A_YEAR.month, IN_A_YEAR.day, 13, tzinfo=UTC)
    assert copy.showings.get().starts_at == eight
    assert Seat.objects.filter(showing__event=copy).count() == 2


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": ""}, "This field is required."),
        ({"title": "t" * 201}, "at most 200 characters"),
        ({"starts_at": ""}, "This field is required."),
        ({"starts_at": f"{from_now() - timedelta(days=2):%Y-%m-%dT%H:%M}"}, "the next ten years"),
        ({"starts_at": "2099-12-31T20:00"}, "the next ten years"),
        ({"starts_at": "soon"}, "Enter a valid date/time."),
    ],
)
def test_a_copy_on_no_good_date_is_refused_with_a_sentence(member, draft, wrong, told):
    before = stored()
    form = {"title": "Once more", "starts_at": f"{IN_A_YEAR:%Y-%m-%d}T20:00", **wrong}

    answer = member.post(page_of(draft, "copy_event"), form)

    assert told in text_of(answer)
    assert stored() == before


def test_who_hears_a_page_of_the_workbench_hears_what_is_wrong(member, draft):
    html = text_of(member.post(page_of(draft, "copy_event"), {"title": ""}))

    [_rest, *read_out] = html.split('<div role="alert">')
    assert ["This field is required." in each for each in read_out] == [True, True]


def test_an_event_without_showings_is_copied_without_a_date(boss):
    event = EventFactory(draft=True)

    assert "starts_at" not in text_of(boss.get(page_of(event, "copy_event")))
    assert boss.post(page_of(event, "copy_event"), {"title": "Once more"}).status_code == 302

    assert Event.objects.count() == 2


def test_each_line_leads_to_the_page_on_which_it_is_mended(boss):
    event = EventFactory(draft=True, title=" ")
    gone = ShowingFactory(
        event=event, starts_at=from_now(days=-1), ticket_sale_start=from_now(days=-9)
    )
    seats_in_area(1, showing=gone, price=0)
    Seat.objects.all().block()
    empty = ShowingFactory(event=event)

    html = text_of(boss.get(page_of(event, "check_and_publish")))

    for row, name in (
        (event, "change"), (gone, "change"), (empty, "areas"), (gone, "seat_plan"),
        (gone, "change_prices"), (event.organizer, "change"),
    ):  # fmt: skip
        assert f'<p><a href="{page_of(row, name)}">' in html, name
        assert boss.get(page_of(row, name)).status_code == 200
