"""Deciding about events in the admin: who is offered what, and what becomes of it."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django_fsm_log.models import StateLog

from jobs.models import Job
from tests.factories import ShowingFactory, from_now, paid_order, seats_in_area
from tests.ticketing.event_states import event_in, move
from ticketing.models import Event

REASON = "The organizer called us."

# What a platform admin is offered for each state of an event.
OFFERED = {
    ("draft", "none"): {"investigate"},
    ("published", "none"): {
        "postpone", "request_cancellation", "confirm_cancellation", "investigate"
    },
    ("postponed", "none"): {
        "reinstate", "request_cancellation", "confirm_cancellation", "investigate"
    },
    ("cancelled", "none"): {"investigate"},
    ("cancelled", "investigating"): {"confirm_fraud", "clear"},
    ("cancelled", "confirmed"): {"clear"},
    ("cancelled", "cleared"): {"investigate", "lift_revenue_freeze"},
}  # fmt: skip


def page_of(event, step="change"):
    return reverse(f"admin:ticketing_event_{step}", args=[event.pk])


def offered(browser, event):
    """The decisions that the event's page has buttons for."""
    html = browser.get(page_of(event)).content.decode()
    pages = set(re.findall(rf"/admin/ticketing/event/{event.pk}/(\w+)/", html))
    return pages - {"change", "history", "publish", "copy"}


def decide(browser, event, step, reason=REASON):
    return browser.post(page_of(event, step), {"reason": reason}, follow=True)


def as_stored(event):
    return (
        Event.objects.filter(pk=event.pk).values().get(),
        StateLog.objects.count(),
        Job.objects.count(),
    )


@pytest.fixture
def own(member):
    """A published event of the member's organizer."""
    return event_in("published", organizer=member.user.organizers.get())


@pytest.mark.parametrize(("status", "fraud_status"), OFFERED)
def test_an_admin_is_offered_what_the_state_allows(boss, status, fraud_status):
    event = event_in(status, fraud_status)

    assert offered(boss, event) == OFFERED[status, fraud_status]


def test_a_member_is_offered_to_ask_for_the_cancellation_and_nothing_else(member, own):
    assert offered(member, own) == {"request_cancellation"}

    decide(member, own, "request_cancellation")

    assert offered(member, own) == {"withdraw_cancellation"}


def test_a_draft_that_was_asked_to_be_cancelled_when_drafts_were_is_asked_so_no_more(boss):
    draft = event_in(
        "draft",
        cancellation_requested_at=from_now(),
        cancellation_requested_by=boss.user,
        cancellation_request_reason="It rains.",
    )
    assert offered(boss, draft) >= {"withdraw_cancellation"}

    decide(boss, draft, "withdraw_cancellation")

    assert not Event.objects.asked_to_cancel().exists()
    assert "withdraw_cancellation" not in offered(boss, draft)


@pytest.mark.parametrize(
    ("start", "step", "end"),
    [
        (("published", "none"), "postpone", ("postponed", "none")),
        (("postponed", "none"), "reinstate", ("published", "none")),
        (("postponed", "none"), "confirm_cancellation", ("cancelled", "none")),
        (("published", "none"), "investigate", ("published", "investigating")),
        (("published", "investigating"), "confirm_fraud", ("published", "confirmed")),
        (("published", "confirmed"), "clear", ("published", "cleared")),
    ],
)
def test_an_admin_decides_with_a_reason(boss, start, step, end):
    event = event_in(*start)
    assert "<textarea" in boss.get(page_of(event, step)).content.decode()

    answer = decide(boss, event, step)

    kept = Event.objects.get(pk=event.pk)
    assert (kept.status, kept.fraud_status) == end
    note = StateLog.objects.for_(event).latest("pk")
    assert (note.by.username, note.description) == ("boss", REASON)
    assert REASON in answer.content.decode()


def test_a_decision_without_a_reason_is_asked_again(boss):
    event = event_in("published")
    stored = as_stored(event)

    answer = decide(boss, event, "confirm_cancellation", reason="ok")

    assert "at least 5 characters" in answer.content.decode()
    assert as_stored(event) == stored


def test_whoever_decides_reads_what_about_which_event_and_can_turn_back(boss):
    event = event_in("published", "none")

    asked = boss.get(page_of(event, "confirm_cancellation")).content.decode()

    assert re.search(rf"<h1[^>]*>Cancel for ever: {event.title}</h1>", asked)
    assert f'href="{page_of(event)}">Back</a>' in asked


def test_a_decision_that_somebody_else_has_taken_meanwhile_is_refused_with_a_sentence(boss):
    event = event_in("published")
    decide(boss, event, "confirm_cancellation")
    stored = as_stored(event)

    answer = decide(boss, event, "confirm_cancellation")

    assert "The event is cancelled already" in answer.content.decode()
    assert as_stored(event) == stored


def test_whoever_is_refused_has_not_written_the_reason_in_vain(boss):
    event = event_in("published", "confirmed")
    decide(boss, event, "clear")

    refused = decide(boss, event, "lift_revenue_freeze", reason="Everything was looked into.")

    assert "Ask another admin to look." in refused.content.decode()
    assert "Everything was looked into.</textarea>" in refused.content.decode()
    assert Event.objects.get(pk=event.pk).revenue_frozen_at is not None


@pytest.mark.parametrize(
    "step", ["postpone", "confirm_cancellation", "investigate", "lift_revenue_freeze"]
)
def test_a_member_decides_nothing_by_address_either(member, own, step):
    stored = as_stored(own)

    assert member.get(page_of(own, step)).status_code == 403
    assert decide(member, own, step).status_code == 403
    assert as_stored(own) == stored


@pytest.mark.parametrize("step", ["request_cancellation", "withdraw_cancellation", "postpone"])
def test_the_events_of_other_organizers_do_not_exist(member, step):
    foreign = event_in("published")
    stored = as_stored(foreign)

    assert member.get(page_of(foreign, step)).status_code == 404
    assert decide(member, foreign, step).status_code == 404
    assert as_stored(foreign) == stored


def test_an_address_that_is_no_number_does_not_exist(boss):
    assert boss.get("/admin/ticketing/event/none/postpone/").status_code == 404


def test_a_request_is_shown_to_the_admin_who_confirms_it(boss, member, own):
    decide(member, own, "request_cancellation", reason="The hall <b>burned</b> down.")

    for page in (page_of(own), page_of(own, "confirm_cancellation")):
        shown = boss.get(page).content.decode()
        assert "The hall &lt;b&gt;burned&lt;/b&gt; down." in shown
    assert "member, " in boss.get(page_of(own)).content.decode()


def test_the_history_tells_a_member_of_the_sale_but_not_of_the_suspicion(boss, member, own):
    move(own, "postpone")
    decide(boss, own, "investigate", reason="Nobody answers at that hall.")

    seen_by_admin = boss.get(page_of(own)).content.decode()
    seen_by_member = member.get(page_of(own)).content.decode()

    assert "The test moves it." in seen_by_admin
    assert "The test moves it." in seen_by_member
    assert "Nobody answers at that hall." in seen_by_admin
    assert "Nobody answers at that hall." not in seen_by_member


def test_the_history_is_told_in_words_and_by_names_that_lead_nowhere(boss, member, own):
    decide(boss, own, "postpone", reason="The singer is ill.")

    seen = member.get(page_of(own), headers={"Accept-Language": "vi"}).content.decode()

    assert "Sự kiện bị hoãn." in seen
    assert boss.user.get_username() in seen
    assert reverse("admin:auth_user_change", args=[boss.user.pk]) not in seen


def test_whoever_is_suspected_is_not_told_so(boss, member, own):
    decide(boss, own, "investigate", reason="Nobody answers at that hall.")
    pages = (reverse("admin:ticketing_event_changelist"), page_of(own))

    for page in pages:
        assert "under investigation" in boss.get(page).content.decode()
        assert "under investigation" not in member.get(page).content.decode()
    guessed = member.get(pages[0], {"fraud_status__exact": "investigating"})
    assert guessed.status_code == 400


def test_giving_revenue_free_takes_a_second_admin(boss, second_boss):
    event = event_in("published", "confirmed")
    decide(boss, event, "clear")
    frozen = Event.objects.get(pk=event.pk).revenue_frozen_at

    refused = decide(boss, event, "lift_revenue_freeze")

    assert "Ask another admin to look." in refused.content.decode()
    assert Event.objects.get(pk=event.pk).revenue_frozen_at == frozen is not None

    decide(second_boss, event, "lift_revenue_freeze")

    assert Event.objects.get(pk=event.pk).revenue_frozen_at is None
    assert offered(second_boss, event) == {
        "postpone", "request_cancellation", "confirm_cancellation", "investigate"
    }  # fmt: skip


def test_the_page_of_an_event_changes_its_words_and_never_its_state(boss):
    event = event_in("published")
    form = {
        "title": "Another title", "slug": event.slug, "organizer": event.organizer_id,
        "status": "cancelled", "fraud_status": "confirmed",
        "cancellation_request_reason": "By hand.", "fraud_cleared_by": boss.user.pk,
        "showings-TOTAL_FORMS": 0, "showings-INITIAL_FORMS": 0,
    }  # fmt: skip
    prefix = "django_fsm_log-statelog-content_type-object_id"
    form |= {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": 1}

    assert boss.post(page_of(event), form).status_code == 302

    kept = Event.objects.get(pk=event.pk)
    assert (kept.title, kept.status, kept.fraud_status) == ("Another title", "published", "none")
    assert (kept.cancellation_request_reason, kept.fraud_cleared_by) == ("", None)
    notes = StateLog.objects.for_(event).order_by("pk")
    assert [note.transition for note in notes] == ["publish", "change"]
    assert {note.state for note in notes} == {"published"}


def sold_night(event, **ends):
    times = {"ticket_sale_start": from_now(days=-20), "starts_at": from_now(days=-9)}
    showing = ShowingFactory(event=event, ends_at=from_now(**ends), **times)
    return paid_order(seats_in_area(3, showing=showing))


@pytest.mark.parametrize(
    ("status", "fraud_status", "step"),
    [
        ("published", "none", "confirm_cancellation"),
        ("postponed", "none", "confirm_cancellation"),
        ("published", "investigating", "confirm_fraud"),
    ],
)
def test_who_refunds_a_run_is_told_of_the_nights_that_took_place(boss, status, fraud_status, step):
    event = event_in(status, fraud_status)
    sold_night(event, days=1)
    told = "seats were sold for showings that have taken place"
    assert told not in boss.get(page_of(event, step)).content.decode()

    sold_night(event, days=-1)

    assert f"3 {told}" in boss.get(page_of(event, step)).content.decode()


def test_a_night_that_was_put_off_has_not_taken_place_when_its_date_passes(boss):
    event = event_in("published")
    event.postpone(by=None, at=from_now(days=-2), reason="The singer is ill.")
    event.save()
    sold_night(event, days=-1)

    page = boss.get(page_of(event, "confirm_cancellation")).content.decode()

    assert "have taken place" not in page


def test_who_clears_an_event_is_told_of_the_nights_that_were_missed(boss):
    event = event_in("published", "confirmed")
    told = "seats were sold for showings that began or went on after the fraud was confirmed"
    sold_night(event, days=-1)  # before it was confirmed
    showing_ahead = ShowingFactory(event=event)
    paid_order(seats_in_area(2, showing=showing_ahead))
    assert told not in boss.get(page_of(event, "clear")).content.decode()

    sold_night(event, days=1)

    page = boss.get(page_of(event, "clear")).content.decode()
    assert f"3 {told}" in page
    # Seats of a night that is over stay sold when their money has gone back.
    assert "Give back what is left of their money before you clear the event" in page


@pytest.mark.parametrize(
    ("status", "fraud_status"),
    [("postponed", "confirmed"), ("cancelled", "confirmed"), ("published", "investigating")],
)
def test_where_no_night_was_missed_who_clears_an_event_is_told_of_none(boss, status, fraud_status):
    event = event_in(status, fraud_status)
    sold_night(event, days=1)

    assert "seats were sold" not in boss.get(page_of(event, "clear")).content.decode()


def test_nobody_takes_the_money_of_a_fraud_for_going_back_by_itself(boss):
    page = boss.get(page_of(event_in("published", "investigating"), "confirm_fraud"))

    assert "No money goes back before you start the campaign" in page.content.decode()
