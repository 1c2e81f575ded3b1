"""Making an event with its showings by form, and what is fixed once people have bought."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django_fsm_log.models import StateLog

from orders.services import cancel_order, place_order
from tests.back_office.workbench import NO_HISTORY, evening, event_fields, page_of, stored, text_of
from tests.factories import (
    CustomerFactory,
    EventFactory,
    OrganizerFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.ticketing.event_states import event_in, move
from ticketing.errors import SalesClosed
from ticketing.models import Area, Event, Showing

ADD = reverse("admin:ticketing_event_add")


@pytest.fixture
def own(member):
    """The member's organizer."""
    return member.user.organizers.get()


def made(browser, form):
    answer = browser.post(ADD, form)
    assert answer.status_code == 302, re.findall(r"errorlist.*?</ul>", text_of(answer), re.DOTALL)
    return Event.objects.get()


def showing_fields(showing, **fields):
    """The form of a showing's own page with what it has, at the clock of its house."""
    names = ("starts_at", "ends_at", "ticket_sale_start", "ticket_sale_end")
    form = {
        name: f"{getattr(showing, name).astimezone(showing.zone):%Y-%m-%dT%H:%M}" for name in names
    }
    areas = {"areas-TOTAL_FORMS": 0, "areas-INITIAL_FORMS": 0}
    return {**form, "time_zone": showing.time_zone, **areas, **fields}


def times_of(showing):
    kept = Showing.objects.get(pk=showing.pk)
    return kept.starts_at, kept.ends_at, kept.ticket_sale_start, kept.ticket_sale_end


def test_a_member_makes_a_draft_with_its_showings(member, own):
    second = evening(starts_at="2099-03-06T20:00", ends_at="2099-03-06T22:30")

    event = made(member, event_fields(own, evening(), second, title="Đêm nhạc Trịnh"))

    assert (event.organizer, event.status) == (own, "draft")
    assert event.slug == "dem-nhac-trinh"
    assert event.showings.count() == 2


def test_who_made_an_event_is_led_to_what_comes_next(member, own):
    answer = member.post(ADD, event_fields(own, evening()), follow=True)

    event = Event.objects.get()
    html = text_of(answer)
    assert answer.redirect_chain[-1][0] == page_of(event)
    assert "Give each showing areas and seats" in html
    assert "no seats yet" in html
    assert page_of(event.showings.get(), "areas") in html
    assert page_of(event, "check_and_publish") in html


def test_times_are_what_the_clock_at_the_house_shows(member, own):
    event = made(member, event_fields(own, evening(), evening(time_zone="Europe/Berlin")))

    saigon, berlin = event.showings.order_by("pk")
    assert saigon.starts_at == datetime(2099, 3, 5, 13, 0, tzinfo=UTC)
    assert berlin.starts_at == datetime(2099, 3, 5, 19, 0, tzinfo=UTC)
    shown = text_of(member.get(page_of(event)))
    assert shown.count('value="2099-03-05T20:00"') == 2 + 2  # the sale ends with the beginning


def test_a_sale_without_times_runs_from_now_until_it_begins(member, own):
    before = timezone.now()

    showing = made(member, event_fields(own, evening())).showings.get()

    assert before <= showing.ticket_sale_start <= timezone.now()
    assert showing.ticket_sale_end == showing.starts_at


def test_a_sale_whose_end_nobody_typed_is_not_refused_beside_its_showing(member, own):
    answer = member.post(ADD, event_fields(own, evening(ends_at="2099-03-05T19:00")))

    assert "It ends after it begins." in text_of(answer)
    assert "The showing ends before that." not in text_of(answer)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ends_at": "2099-03-05T20:00"}, "It ends after it begins."),
        ({"ticket_sale_start": "2099-04-05T20:00"}, "The sale ends after it begins."),
        ({"ticket_sale_end": "2099-03-05T22:31"}, "The showing ends before that."),
        ({"starts_at": ""}, "This field is required."),
        ({"starts_at": "tomorrow"}, "Enter a valid date/time."),
        ({"starts_at": "99999-01-01T00:00"}, "Enter a valid date/time."),
        ({"starts_at": "2099-02-30T00:00"}, "Enter a valid date/time."),
        ({"starts_at": "0001-01-01T00:00"}, "The year is between 2000 and 2100."),
        ({"starts_at": "2099-03-05T20:00+07:00"}, "Enter a valid date/time."),
        ({"time_zone": "Saigon"}, "Saigon is not a time zone."),
        ({"time_zone": "../../etc/passwd"}, "is not a time zone."),
        ({"time_zone": "Europe/Berlin", "starts_at": "2099-03-29T02:30"}, "interpreted in time"),
    ],
)
def test_times_that_make_no_sense_are_refused_with_a_sentence(member, own, wrong, told):
    before = stored()

    answer = member.post(ADD, event_fields(own, evening(**wrong)))

    assert answer.status_code == 200
    assert told in text_of(answer)
    assert stored() == before


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": ""}, "This field is required."),
        ({"title": "a" * 201}, "at most 200 characters"),
        ({"title": "a\0b"}, "Null characters are not allowed."),
        ({"slug": "two words"}, "Enter a valid"),
    ],
)
def test_words_that_make_no_event_are_refused_with_a_sentence(member, own, wrong, told):
    before = stored()

    answer = member.post(ADD, event_fields(own, **wrong))

    assert told in text_of(answer)
    assert stored() == before


def test_an_address_that_is_taken_is_asked_again(member, own):
    EventFactory(slug="taken")

    answer = member.post(ADD, event_fields(own, slug="taken"))

    assert "already exists" in text_of(answer)
    assert Event.objects.count() == 1


def test_a_title_of_code_is_shown_as_text(member, own):
    event = made(member, event_fields(own, evening(), title="<script>alert(1)</script>"))

    for page in ("change", "check_and_publish", "copy_event"):
        html = text_of(member.get(page_of(event, page)))
        assert "<script>alert(1)" not in html
        assert "&lt;script&gt;alert(1)" in html


def test_whoever_belongs_to_one_organizer_need_not_choose(member, own):
    OrganizerFactory(name="Somebody else")

    html = text_of(member.get(ADD))

    assert f'<option value="{own.pk}" selected>' in html
    assert "Somebody else" not in html


def test_nobody_makes_an_event_for_an_organizer_of_others(member):
    before = stored()

    answer = member.post(ADD, event_fields(OrganizerFactory(), evening()))

    assert "Select a valid choice" in text_of(answer)
    assert stored() == before


@pytest.mark.parametrize("status", ["published", "postponed"])
def test_what_is_sold_stays_with_its_organizer_unless_the_platform_moves_it(
    member, boss, own, status
):
    event, other = event_in(status, organizer=own), OrganizerFactory()
    other.members.add(member.user)
    wish = event_fields(other, title="New words", slug=event.slug)

    assert member.post(page_of(event), wish).status_code == 302
    event = Event.objects.get()
    assert (event.organizer, event.title) == (own, "New words")
    assert own.name in text_of(member.get(page_of(event)))

    assert boss.post(page_of(event), wish).status_code == 302
    assert Event.objects.get().organizer == other


def test_a_draft_is_given_to_another_organizer_of_the_same_member(member, own):
    event, other = EventFactory(draft=True, organizer=own), OrganizerFactory()
    other.members.add(member.user)

    assert member.post(page_of(event), event_fields(other)).status_code == 302

    assert Event.objects.get().organizer == other


def test_what_was_not_touched_stays_to_the_second(member, own):
    showing = ShowingFactory(event=EventFactory(organizer=own))
    times = times_of(showing)

    answer = member.post(page_of(showing), showing_fields(showing))

    assert answer.status_code == 302
    assert times_of(showing) == times


def test_a_draft_is_moved_freely(member, own):
    showing = ShowingFactory(event=EventFactory(draft=True, organizer=own))
    seats_in_area(1, showing=showing)
    fields = showing_fields(showing, **evening(ticket_sale_start="2099-03-01T10:00"))

    assert member.post(page_of(showing), fields).status_code == 302

    assert times_of(showing)[0] == datetime(2099, 3, 5, 13, 0, tzinfo=UTC)


def seen_on(answer):
    return re.search(r'name="seen" value="(\w+)"', text_of(answer))[1]


def test_what_somebody_else_changed_meanwhile_is_not_undone_unseen(member, boss, own):
    event = EventFactory(draft=True, organizer=own, title="Old", description="Old words.")
    old = event_fields(own, title="Old", description="Old words.", slug=event.slug)
    opened = seen_on(member.get(page_of(event)))
    assert boss.post(page_of(event), {**old, "description": "New words."}).status_code == 302

    refused = member.post(page_of(event), {**old, "title": "New", "seen": opened})

    assert "This has changed since you opened" in text_of(refused)
    event.refresh_from_db()
    assert (event.title, event.description) == ("Old", "New words.")
    again = {**old, "title": "New", "seen": seen_on(refused)}
    assert member.post(page_of(event), again).status_code == 302
    event.refresh_from_db()
    assert (event.title, event.description) == ("New", "Old words.")


def test_the_times_of_a_showing_are_not_undone_unseen_either(member, boss, own):
    showing = ShowingFactory(event=EventFactory(draft=True, organizer=own))
    no_areas = {"areas-TOTAL_FORMS": 0, "areas-INITIAL_FORMS": 0}
    opened = seen_on(member.get(page_of(showing)))
    assert boss.post(page_of(showing), {**evening(), **no_areas}).status_code == 302
    moved_to = Showing.objects.get().starts_at

    late = evening(starts_at="2098-01-01T20:00", ends_at="2098-01-01T22:00", seen=opened)
    refused = member.post(page_of(showing), {**late, **no_areas})

    assert "This has changed since you opened" in text_of(refused)
    assert Showing.objects.get().starts_at == moved_to


def test_the_dates_of_what_was_bought_stay_until_it_is_postponed(member, own):
    showing = ShowingFactory(event=EventFactory(organizer=own))
    placed_order(seats_in_area(1, showing=showing))
    times = times_of(showing)
    fields = showing_fields(showing, starts_at="2099-03-05T20:00", ends_at="2099-03-05T22:30")

    assert "have the event postponed" in text_of(member.get(page_of(showing)))
    member.post(page_of(showing), fields)
    assert times_of(showing) == times

    move(showing.event, "postpone")
    member.post(page_of(showing), fields)
    assert times_of(showing)[0] == datetime(2099, 3, 5, 13, 0, tzinfo=UTC)


def test_a_night_that_was_over_before_the_others_were_put_off_keeps_its_date(member, own):
    """Its tickets would open another door, and the seats of those given back would sell again."""
    showing = ShowingFactory(event=EventFactory(organizer=own))
    paid_order(seats_in_area(1, showing=showing))
    make_past(showing)
    move(showing.event, "postpone")
    showing.refresh_from_db()
    times = times_of(showing)

    page = text_of(member.get(page_of(showing)))
    assert "Add a showing for another night" in page
    assert "is told by mail" not in page
    member.post(page_of(showing), showing_fields(showing, **evening()))

    assert times_of(showing) == times


def test_the_right_to_give_tickets_back_is_not_cut_short(member, own):
    showing = ShowingFactory(event=EventFactory(organizer=own))
    placed_order(seats_in_area(1, showing=showing))
    times = times_of(showing)
    local = showing.ticket_sale_end.astimezone(showing.zone)
    earlier, later = (f"{local + timedelta(hours=h):%Y-%m-%dT%H:%M}" for h in (-48, 1))

    refused = member.post(page_of(showing), showing_fields(showing, ticket_sale_end=earlier))
    assert "it can only be later" in text_of(refused)
    assert times_of(showing) == times

    taken = member.post(page_of(showing), showing_fields(showing, ticket_sale_end=later))
    assert taken.status_code == 302
    assert times_of(showing)[3] > times[3]


def test_the_right_to_give_tickets_back_does_not_outlast_the_showing(member, own):
    showing = ShowingFactory(event=EventFactory(organizer=own))
    placed_order(seats_in_area(1, showing=showing))
    local = showing.ends_at.astimezone(showing.zone)
    end, after = (f"{local + timedelta(minutes=m):%Y-%m-%dT%H:%M}" for m in (0, 1))
    before = stored()

    refused = member.post(page_of(showing), showing_fields(showing, ticket_sale_end=after))
    assert "The showing ends before that." in text_of(refused)
    assert stored() == before

    taken = member.post(page_of(showing), showing_fields(showing, ticket_sale_end=end))
    assert taken.status_code == 302
    assert times_of(showing)[3] == times_of(showing)[1].replace(second=0, microsecond=0)


def test_a_sale_that_was_given_an_end_after_the_showing_is_still_stopped_by_its_start(member, own):
    showing = ShowingFactory(event=EventFactory(organizer=own), ticket_sale_end=from_now(days=60))
    placed_order(seats_in_area(1, showing=showing))
    soon = f"{showing.ends_at.astimezone(showing.zone):%Y-%m-%dT%H:%M}"

    stopped = member.post(page_of(showing), showing_fields(showing, ticket_sale_start=soon))

    assert stopped.status_code == 302
    assert times_of(showing)[2] > times_of(showing)[0]


def test_times_that_are_only_looked_at_are_those_of_the_zone_beside_them(boss):
    event = EventFactory(cancelled=True)
    showing = ShowingFactory(event=event, time_zone="Europe/Berlin")
    winter = {"starts_at": 19, "ends_at": 21, "ticket_sale_start": 10, "ticket_sale_end": 18}
    times = {name: datetime(2099, 3, 5, hour, tzinfo=UTC) for name, hour in winter.items()}
    Showing.objects.update(**times)

    shown = r"2099-03-05 (\d\d:\d\d)</"
    for page in (page_of(event), page_of(showing)):
        times = re.findall(shown, text_of(boss.get(page)))
        assert times == ["20:00", "22:00", "11:00", "19:00"]
    listed = text_of(boss.get(reverse("admin:ticketing_showing_changelist")))
    assert re.findall(shown, listed) == ["20:00", "11:00", "19:00"]


def test_the_sale_of_a_showing_with_buyers_is_stopped_by_its_start_as_the_page_says(member, own):
    showing = ShowingFactory(event=EventFactory(organizer=own))
    seats = seats_in_area(3, showing=showing)
    held = placed_order(seats[:2])
    local = showing.ticket_sale_end.astimezone(showing.zone)
    soon, earlier = (f"{local - timedelta(minutes=n):%Y-%m-%dT%H:%M}" for n in (1, 60))
    told = text_of(member.post(page_of(showing), showing_fields(showing, ticket_sale_end=earlier)))
    assert "To stop the sale, move its start to shortly before its end" in told

    stopped = member.post(page_of(showing), showing_fields(showing, ticket_sale_start=soon))
    cancel_order(order_id=held.pk, by=held.customer)

    assert stopped.status_code == 302
    for seat in seats:  # never sold, or come free again
        with pytest.raises(SalesClosed):
            place_order(
                customer=CustomerFactory(),
                showing=Showing.objects.get(pk=showing.pk),
                seat_ids=[seat.pk],
            )


@pytest.mark.parametrize("states", [("cancelled", "none"), ("published", "confirmed")])
def test_what_does_not_take_place_any_more_is_only_looked_at(boss, states):
    event = event_in(*states)
    showing = ShowingFactory(event=event)
    before = stored()

    assert "can be looked at and copied, not changed" in text_of(boss.get(page_of(event)))
    changed = boss.post(page_of(event), event_fields(event.organizer, title="Another"))
    moved = boss.post(page_of(showing), {**showing_fields(showing), **evening()})

    assert changed.status_code == moved.status_code == 403
    assert stored() == before


def test_the_buttons_of_a_draft_and_of_a_published_event(member, own):
    def buttons(event):
        html = text_of(member.get(page_of(event)))
        return set(re.findall(rf"/admin/ticketing/event/{event.pk}/(\w+)/", html)) & {
            "publish", "copy", "request_cancellation", "withdraw_cancellation"
        }  # fmt: skip

    draft, published = EventFactory(draft=True, organizer=own), EventFactory(organizer=own)

    assert buttons(draft) == {"publish", "copy"}
    assert buttons(published) == {"copy", "request_cancellation"}


def test_a_new_showing_is_added_to_an_event_that_has_one(member, own):
    event = EventFactory(draft=True, organizer=own, slug="mine")
    first = ShowingFactory(event=event, starts_at=from_now(days=30).replace(second=0))
    known = {**showing_fields(first), "id": first.pk, "event": event.pk}
    new = {**evening(), "id": "", "event": event.pk}
    form = event_fields(own, known, new, initial=1, slug="mine")

    assert member.post(page_of(event), form | NO_HISTORY).status_code == 302

    assert event.showings.count() == 2


def test_the_history_tells_who_made_and_who_changed_what(member, boss, own):
    event = made(member, event_fields(own, evening(), title="Mine"))
    showing = event.showings.get()
    moved = showing_fields(showing, ticket_sale_end="2099-03-05T19:00")

    boss.post(page_of(showing), moved)
    boss.post(page_of(showing), moved)

    notes = StateLog.objects.for_(event).order_by("pk").values_list("by__username", "description")
    before, after = notes
    assert before == ("member", f"Added. Added showing “{showing}”.")
    assert after == ("boss", f"{showing}: Changed Sale until.")
    assert "Changed Sale until." in text_of(member.get(page_of(event)))


def test_what_is_moved_to_an_earlier_date_is_not_for_sale_after_it(member, own):
    showing = ShowingFactory(event=EventFactory(organizer=own), starts_at=from_now(days=60))
    paid_order(seats_in_area(1, showing=showing))
    move(showing.event, "postpone")
    showing = Showing.objects.get(pk=showing.pk)
    start = from_now(days=3).astimezone(showing.zone)
    earlier = {
        "starts_at": f"{start:%Y-%m-%dT%H:%M}",
        "ends_at": f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}",
    }
    before = stored()

    refused = member.post(page_of(showing), showing_fields(showing, **earlier))

    assert "The showing ends before that." in text_of(refused)
    assert stored() == before
    earlier["ticket_sale_end"] = earlier["starts_at"]
    taken = member.post(page_of(showing), showing_fields(showing, **earlier))
    assert taken.status_code == 302
    assert times_of(showing)[3] == times_of(showing)[0]


@pytest.mark.parametrize(
    ("is_bought", "is_over", "venue", "is_warned"),
    [
        (True, False, "Hall B", True),
        (True, False, "Hall A", False),
        (True, True, "Hall B", False),
        (False, False, "Hall B", False),
    ],
)
def test_who_moves_an_event_elsewhere_hears_that_its_buyers_are_not_told(
    member, own, is_bought, is_over, venue, is_warned
):
    event = EventFactory(organizer=own, venue="Hall A")
    showing = ShowingFactory(event=event)
    if is_bought:
        placed_order(seats_in_area(1, showing=showing))
    if is_over:
        make_past(showing)

    answer = member.post(
        page_of(event),
        event_fields(own, title=event.title, slug=event.slug, venue=venue),
        follow=True,
    )

    assert Event.objects.get().venue == venue
    assert ("write to the buyers" in text_of(answer)) == is_warned


@pytest.mark.parametrize(
    ("is_bought", "is_over", "name", "is_warned"),
    [
        (True, False, "Circle", True),
        (True, False, "Stalls", False),
        (True, True, "Circle", False),
        (False, False, "Circle", False),
    ],
)
def test_who_renames_an_area_hears_that_its_buyers_are_not_told(
    member, own, is_bought, is_over, name, is_warned
):
    showing = ShowingFactory(event=EventFactory(organizer=own))
    [seat] = seats_in_area(1, showing=showing, name="Stalls")
    if is_bought:
        paid_order([seat])
    if is_over:
        make_past(showing)
    area = {"areas-TOTAL_FORMS": 1, "areas-INITIAL_FORMS": 1, "areas-0-id": seat.area_id,
            "areas-0-showing": showing.pk, "areas-0-name": name}  # fmt: skip

    form = showing_fields(Showing.objects.get(pk=showing.pk), **area)
    answer = member.post(page_of(showing), form, follow=True)

    assert Area.objects.get().name == name
    assert ("write to the buyers" in text_of(answer)) == is_warned


def make_past(showing):
    times = ("starts_at", "ends_at", "ticket_sale_start", "ticket_sale_end")
    showings = Showing.objects.filter(pk=showing.pk)
    showings.update(**{name: F(name) - timedelta(days=365) for name in times})
