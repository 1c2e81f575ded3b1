from __future__ import annotations

import pytest

from tests.factories import (
    AreaFactory,
    EventFactory,
    OrganizerFactory,
    RowFactory,
    SeatFactory,
    ShowingFactory,
    from_now,
    placed_order,
    seats_in_area,
)
from tests.ticketing.event_states import ALL_STATES, event_in

EVENTS = "/api/v1/events/"


def test_everybody_sees_published_events_with_their_showings(visitor):
    showing = ShowingFactory()

    [event] = visitor.get(EVENTS).data["results"]

    assert event["slug"] == showing.event.slug
    assert event["status"] == "published"
    assert [shown["id"] for shown in event["showings"]] == [showing.pk]
    assert event["showings"][0]["on_sale"] is True
    assert event["showings"][0]["time_zone"] == "Asia/Ho_Chi_Minh"


def test_a_draft_is_not_shown_anywhere(visitor):
    showing = ShowingFactory(event=EventFactory(draft=True))

    assert visitor.get(EVENTS).data["results"] == []
    assert visitor.get(f"{EVENTS}{showing.event.slug}/").status_code == 404
    assert visitor.get(f"/api/v1/showings/{showing.pk}/").status_code == 404
    assert visitor.get(f"/api/v1/showings/{showing.pk}/seats/").status_code == 404


@pytest.mark.parametrize("state", ["postponed", "cancelled"])
def test_an_event_that_does_not_take_place_is_shown_as_such(visitor, state):
    event = EventFactory(**{state: True})

    assert visitor.get(f"{EVENTS}{event.slug}/").data["status"] == state


@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_an_event_that_is_off_is_told_to_be_whatever_the_reason(visitor, status, fraud_status):
    showing = ShowingFactory(event=event_in(status, fraud_status))
    is_off = status == "cancelled" or fraud_status == "confirmed"

    for address in (f"{EVENTS}{showing.event.slug}/", f"/api/v1/showings/{showing.pk}/"):
        answer = visitor.get(address)
        if status == "draft":
            assert answer.status_code == 404
        else:
            assert answer.data["is_closed"] is is_off


def test_before_and_after_the_sale_a_showing_is_not_on_sale(visitor):
    early = ShowingFactory(not_yet_on_sale=True)
    late = ShowingFactory(sale_over=True)

    for showing in (early, late):
        assert visitor.get(f"/api/v1/showings/{showing.pk}/").data["on_sale"] is False


def test_events_can_be_searched(visitor):
    organizer = OrganizerFactory()
    wanted = ShowingFactory(event=EventFactory(title="Hồ Thiên Nga", organizer=organizer)).event
    ShowingFactory(starts_at=from_now(days=90))

    def found(**query):
        return [event["slug"] for event in visitor.get(EVENTS, query).data["results"]]

    assert found(search="thiên nga") == [wanted.slug]
    assert found(organizer=organizer.slug) == [wanted.slug]
    assert found(starts_before=from_now(days=60).isoformat()) == [wanted.slug]
    assert wanted.slug not in found(starts_after=from_now(days=60).isoformat())
    assert found(status="cancelled") == []


def test_both_ends_of_a_time_are_asked_of_the_same_showing(visitor):
    event = EventFactory()
    for days in (10, 90):
        ShowingFactory(event=event, starts_at=from_now(days=days))

    def found(after, before):
        window = {"starts_after": from_now(days=after), "starts_before": from_now(days=before)}
        answer = visitor.get(EVENTS, {name: at.isoformat() for name, at in window.items()})
        return [shown["slug"] for shown in answer.data["results"]]

    assert found(40, 50) == []
    assert found(5, 15) == found(80, 100) == found(5, 100) == [event.slug]


def test_events_are_read_page_by_page_without_missing_or_repeating_one(visitor):
    made = {event.slug for event in EventFactory.create_batch(7)}
    seen, next_page = [], f"{EVENTS}?page_size=3"
    while next_page:
        page = visitor.get(next_page).data
        seen += [event["slug"] for event in page["results"]]
        next_page = page["next"]

    assert len(seen) == 7
    assert set(seen) == made


def test_a_page_of_events_takes_a_fixed_number_of_queries(visitor, django_assert_num_queries):
    for _ in range(5):
        ShowingFactory.create_batch(2, event=EventFactory())

    with django_assert_num_queries(2):
        visitor.get(EVENTS)


def test_a_showing_tells_prices_and_counts_by_status(visitor):
    seats = seats_in_area(5, price=350_000, name="Stalls")
    placed_order(seats[:2])
    type(seats[0]).objects.filter(pk=seats[4].pk).block()

    shown = visitor.get(f"/api/v1/showings/{seats[0].showing_id}/").data

    assert shown["areas"] == [
        {
            "id": seats[0].area_id,
            "name": "Stalls",
            "price": "350000.00",
            "is_general_admission": False,
            "seats": {"available": 2, "held": 2, "sold": 0, "blocked": 1},
        }
    ]


def test_an_area_without_seats_is_shown_empty(visitor):
    area = AreaFactory()

    [shown] = visitor.get(f"/api/v1/showings/{area.showing_id}/").data["areas"]

    assert shown["seats"] == {"available": 0, "held": 0, "sold": 0, "blocked": 0}


def test_an_old_token_does_not_keep_anybody_from_reading(visitor):
    showing = ShowingFactory()
    visitor.credentials(HTTP_AUTHORIZATION="Bearer expired")

    assert visitor.get(f"/api/v1/showings/{showing.pk}/").status_code == 200


def test_rows_and_seats_of_two_areas_are_kept_apart(visitor):
    area = AreaFactory()
    first, second = RowFactory(area=area, label="A"), RowFactory(area=area, label="B")
    SeatFactory(row=first, number="1"), SeatFactory(row=second, number="1")

    [shown] = visitor.get(f"/api/v1/showings/{area.showing_id}/seats/").json()["areas"]

    assert [row["label"] for row in shown["rows"]] == ["A", "B"]
    assert [len(row["seats"]) for row in shown["rows"]] == [1, 1]
