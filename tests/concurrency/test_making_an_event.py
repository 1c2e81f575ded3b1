"""Several people work on one draft at the same moment, on real connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction

from tests.back_office.test_event_workbench import showing_fields
from tests.back_office.workbench import evening, event_fields, page_of, text_of
from tests.back_office.world import browser_of
from tests.concurrency.conftest import closing, run_together, wait_until_somebody_waits
from tests.factories import EventFactory, ShowingFactory, placed_order, seats_in_area
from tests.rules import broken_rules
from tests.ticketing.event_states import move, new_admin
from ticketing import services
from ticketing.models import Area, Event, Seat, SeatPlanUpload, Showing
from ticketing.seating import Rows


def draft_showing():
    return ShowingFactory(event=EventFactory(draft=True))


def test_what_is_published_has_seats_though_somebody_takes_them_back():
    admin = new_admin()
    areas = [seats_in_area(3, showing=draft_showing())[0].area for _ in range(6)]

    outcomes = run_together(
        act
        for area in areas
        for act in (
            partial(services.publish_event, event_id=area.showing.event_id, by=admin),
            partial(services.empty_area, area_id=area.pk, by=admin),
        )
    )

    assert outcomes["done"] == 6
    assert outcomes["event-not-publishable"] + outcomes["wrong-event-state"] == 6
    for event in Event.objects.all():
        has_seats = Seat.objects.filter(showing__event=event).exists()
        assert has_seats == (event.status == "published")
    assert broken_rules() == {}


def test_a_plan_that_is_confirmed_many_times_at_once_is_made_once():
    showing, admin = draft_showing(), new_admin()
    plan = b"area,row,seat,price\n" + b"".join(b"Stalls,A,%d,5\n" % n for n in range(50))
    upload = services.keep_seat_plan(showing_id=showing.pk, file_name="a", data=plan, by=admin)

    outcomes = run_together(
        [partial(services.use_seat_plan, upload_id=upload.pk, by=admin)] * 8, at_once=8
    )

    assert outcomes == {"done": 1, "invalid-seat-plan": 7}
    assert (Area.objects.count(), Seat.objects.count()) == (1, 50)
    assert not SeatPlanUpload.objects.exists()
    assert broken_rules() == {}


def test_one_name_becomes_one_area_however_many_add_it():
    showing, admin = draft_showing(), new_admin()
    add = partial(
        services.add_area, showing_id=showing.pk, name="Stalls", price=Decimal(5_000),
        seating=Rows(["A"], 4), by=admin,
    )  # fmt: skip

    assert run_together([add] * 8, at_once=8) == {"done": 1, "invalid-seat-plan": 7}

    assert (Area.objects.count(), Seat.objects.count()) == (1, 4)


def test_a_copy_has_whole_areas_while_more_are_added():
    showing, admin = draft_showing(), new_admin()
    adds = [
        partial(services.add_area, showing_id=showing.pk, name=f"Area {n}", price=Decimal(5_000),
                seating=Rows(["A", "B"], 20), by=admin)
        for n in range(8)
    ]  # fmt: skip
    copy = partial(
        services.copy_event, event_id=showing.event_id, title="Again", starts_at=None, by=admin
    )

    assert run_together([*adds, copy, copy, copy], at_once=11) == {"done": 11}

    for area in Area.objects.all():
        assert area.seats.count() == 40
    assert len(set(Event.objects.values_list("slug", flat=True))) == 4
    assert broken_rules() == {}


@pytest.mark.parametrize(("step", "state"), [("cancel", "cancelled"), ("postpone", "postponed")])
def test_what_is_decided_about_an_event_while_its_form_is_saved_stays_decided(step, state):
    """The form has read the event before, and writes it after."""
    browser, event = browser_of(new_admin()), EventFactory()
    form = event_fields(event.organizer, title="New title", slug=event.slug)
    save = partial(browser.post, page_of(event), form)
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        move(event, step)
        saved = others.submit(closing(save))
        wait_until_somebody_waits()

    assert saved.result().status_code in {302, 403}
    event.refresh_from_db()
    assert event.status == state
    assert event.title == ("New title" if state == "postponed" else "Đêm nhạc Trịnh")


def saved_while_somebody_orders(seat, form):
    """What the page of the showing says to this form, sent while an order is not committed yet."""
    save = partial(browser_of(new_admin()).post, page_of(seat.showing), form)
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        placed_order([seat])
        saved = others.submit(closing(save))
        wait_until_somebody_waits()
    return text_of(saved.result())


def test_a_showing_is_not_moved_while_its_first_buyer_is_on_the_way():
    """The form saw nobody, and the order saw the old date."""
    [seat] = seats_in_area(1)
    showing = seat.showing
    move_it = {**evening(), "areas-TOTAL_FORMS": 0, "areas-INITIAL_FORMS": 0}

    assert "have the event postponed" in saved_while_somebody_orders(seat, move_it)
    assert Showing.objects.get().starts_at == showing.starts_at


def test_the_right_to_give_tickets_back_is_not_cut_short_while_the_first_buyer_is_on_the_way():
    [seat] = seats_in_area(1)
    showing = seat.showing
    local = (showing.ticket_sale_end - timedelta(days=2)).astimezone(showing.zone)
    earlier = showing_fields(showing, ticket_sale_end=f"{local:%Y-%m-%dT%H:%M}")

    assert "it can only be later" in saved_while_somebody_orders(seat, earlier)
    assert Showing.objects.get().ticket_sale_end == showing.ticket_sale_end
