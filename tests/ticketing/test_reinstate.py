"""An event takes place after all once every showing that was put off has a date to come."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.back_office.workbench import evening, page_of
from tests.factories import EventFactory, ShowingFactory, from_now
from tests.orders.dates import NO_AREAS, admin
from tests.ticketing.event_facts import REASON, as_stored
from tests.ticketing.event_states import new_admin
from ticketing import services
from ticketing.errors import WrongDates
from ticketing.models import Event, Showing

REFUSAL = {"en": "is past: give it a new one first", "vi": "đã qua: hãy đặt ngày mới trước"}


def postponed_three_days_ago():
    event = EventFactory()
    event.postpone(by=new_admin(), at=from_now(days=-3), reason=REASON)
    event.save()
    return event


def showing_that_ended(event, **ago):
    """Its end lies that long ago."""
    begun = from_now(**{unit: -number for unit, number in ago.items()}, hours=-2)
    return ShowingFactory(event=event, starts_at=begun, ticket_sale_start=from_now(days=-30))


def reinstate(event):
    return services.reinstate_event(event_id=event.pk, by=new_admin(), reason=REASON)


def showings():
    return list(Showing.objects.order_by("pk").values())


def test_a_date_that_was_put_off_and_has_passed_has_to_be_given_anew():
    event = postponed_three_days_ago()
    passed = [showing_that_ended(event, days=1), showing_that_ended(event, seconds=1)]
    ShowingFactory(event=event)
    boss, stored = new_admin(), as_stored()

    for language, told in REFUSAL.items():
        with translation.override(language), pytest.raises(WrongDates, match=told) as refused:
            services.reinstate_event(event_id=event.pk, by=boss, reason=REASON)
        assert all(str(refused.value).count(str(showing)) == 1 for showing in passed)

    assert as_stored() == stored


def test_who_reinstates_reads_which_sales_are_over():
    event = postponed_three_days_ago()
    over = ShowingFactory(
        event=event, ticket_sale_start=from_now(days=-9), ticket_sale_end=from_now(days=-1)
    )
    going_on = ShowingFactory(event=event, starts_at=from_now(days=60))

    page = admin().get(page_of(event, "reinstate")).content.decode()

    assert f"The sale of {over} is over" in page
    assert f"The sale of {going_on} is over" not in page


def test_what_was_never_postponed_has_a_page_of_the_decision_too():
    assert admin().get(page_of(EventFactory(), "reinstate")).status_code == 200


def test_the_page_of_the_decision_says_so_too():
    event = postponed_three_days_ago()
    showing_that_ended(event, days=1)
    browser, stored = admin(), as_stored()

    answer = browser.post(page_of(event, "reinstate"), {"reason": REASON}, follow=True)

    assert REFUSAL["en"] in answer.content.decode()
    assert as_stored() == stored


def test_a_showing_that_took_place_before_the_postponement_needs_no_other_date():
    event = postponed_three_days_ago()
    showing_that_ended(event, days=4)
    ShowingFactory(event=event)

    assert reinstate(event).status == "published"


def test_a_showing_that_is_still_going_on_needs_no_other_date():
    event = postponed_three_days_ago()
    ShowingFactory(event=event, starts_at=from_now(hours=-1))

    assert reinstate(event).status == "published"


def test_only_the_last_postponement_counts():
    event = EventFactory()
    for days, step in ((9, "postpone"), (8, "reinstate"), (3, "postpone")):
        getattr(event, step)(by=new_admin(), at=from_now(days=-days), reason=REASON)
    event.save()
    showing_that_ended(event, days=4)

    assert reinstate(event).status == "published"


@pytest.mark.parametrize(("language", "told"), [("en", "to come"), ("vi", "chưa qua")])
def test_a_showing_that_is_put_off_gets_no_date_that_has_passed(language, told):
    event = postponed_three_days_ago()
    showing = showing_that_ended(event, days=1)
    past = evening(starts_at="2020-03-05T20:00", ends_at="2020-03-05T22:30") | NO_AREAS
    past |= {"ticket_sale_start": "2020-01-05T20:00"}
    browser, stored = admin(), (as_stored(), showings())

    answer = browser.post(page_of(showing), past, headers={"Accept-Language": language})

    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert (as_stored(), showings()) == stored

    assert browser.post(page_of(showing), evening() | NO_AREAS).status_code == 302
    assert reinstate(event).status == "published"


def test_other_times_of_a_showing_that_has_passed_can_still_be_mended():
    event = postponed_three_days_ago()
    showing = showing_that_ended(event, days=1)
    form = admin().get(page_of(showing)).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields} | NO_AREAS

    answer = admin().post(page_of(showing), sent | {"ticket_sale_end": sent["ends_at"]})

    assert answer.status_code == 302
    assert Event.objects.get().status == "postponed"
