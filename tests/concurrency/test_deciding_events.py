"""Two people decide about one event at the same moment: who is second decides about what is so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction
from django_fsm_log.models import StateLog

from jobs.prepared import fetch_all
from tests.concurrency.conftest import WAITS_FOR_US, outcome_of, wait_until_somebody_waits
from tests.factories import seats_in_area
from tests.rules import broken_rules
from tests.sandbox_process import wait_until
from tests.ticketing.event_states import event_in, move, new_admin
from ticketing import services
from ticketing.models import Event, EventQuerySet
from ticketing.services.prices import NewPrice

WHY = {"reason": "The test wants it."}


def about_a_place(use_case, **given):
    """The event as well, and a seat of 500,000 VND, to be changed by an admin."""

    def change(*, event_id, by, reason):
        showing = Event.objects.get(pk=event_id).showings.get()
        seat = showing.seats.get()
        values = {name: value(seat) for name, value in given.items()}
        return use_case(showing_id=showing.pk, by=by, reason=reason, **values)

    return change


def publish(*, reason, **decided):
    services.publish_event(**decided)


block = about_a_place(services.block_seats, seat_ids=lambda seat: [seat.pk])
reprice = about_a_place(
    services.change_prices,
    prices=lambda seat: [NewPrice(seat.area_id, old=Decimal(500_000), new=Decimal(900_000))],
)

# How it stands, what is being decided, and what the other one wants meanwhile.
TOO_LATE = {
    "published twice": ("draft", "none", ["publish"], publish),
    "postponed after it was cancelled": ("published", "none", ["cancel"], services.postpone_event),
    "reinstated after it was cancelled": (
        "postponed", "none", ["cancel"], services.reinstate_event
    ),
    "cancelled twice": ("published", "none", ["cancel"], services.confirm_cancellation),
    "asked for after it was cancelled": (
        "published", "none", ["cancel"], services.request_cancellation
    ),
    "blocked after it was cancelled": ("published", "none", ["cancel"], block),
    "priced after it was cancelled": ("published", "none", ["cancel"], reprice),
    "blocked after the fraud": ("published", "investigating", ["confirm_fraud"], block),
    "investigated twice": ("published", "cleared", ["investigate"], services.investigate_event),
    "confirmed after it was cleared": (
        "published", "investigating", ["clear"], services.confirm_fraud
    ),
    "cleared twice": ("published", "confirmed", ["clear"], services.clear_event),
    "thawed while it is investigated anew": (
        "published", "cleared", ["investigate"], services.lift_revenue_freeze
    ),
}  # fmt: skip
REFUSALS = {"published twice": "event-not-publishable"}
STOPPED_BY_A_RULE = {"confirmed after it was cleared", "thawed while it is investigated anew"}


def decided_meanwhile(status, fraud_status, steps, use_case):
    """What becomes of a decision that another admin wants to take before ours is committed."""
    event = event_in(status, fraud_status)
    seats_in_area(1, showing__event=event)
    wish = partial(use_case, event_id=event.pk, by=new_admin(), **WHY)
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        move(event, *steps)
        decided = all_about(event)
        wished = others.submit(outcome_of, wish)
        wait_until(
            lambda: wished.done() or bool(fetch_all(WAITS_FOR_US, {})), seconds=20, what="the wish"
        )
    return wished.result(), decided, all_about(event)


def all_about(event):
    [row] = Event.objects.filter(pk=event.pk).values()
    showing = Event.objects.get(pk=event.pk).showings.get()
    places = [*showing.seats.values("id", "status"), *showing.areas.values("id", "price")]
    return row, places, StateLog.objects.for_(event).count()


@pytest.mark.parametrize("case", TOO_LATE)
def test_what_is_decided_meanwhile_is_not_decided_over(case):
    outcome, decided, found = decided_meanwhile(*TOO_LATE[case])

    assert outcome == REFUSALS.get(case, "wrong-event-state")
    assert found == decided
    assert broken_rules() == {}


@pytest.mark.parametrize("case", sorted(TOO_LATE.keys() - STOPPED_BY_A_RULE))
def test_control_without_the_lock_it_is(monkeypatch, case):
    monkeypatch.setattr(EventQuerySet, "get_for_update", lambda rows, pk: rows.get(pk=pk))

    outcome, decided, found = decided_meanwhile(*TOO_LATE[case])

    assert outcome == "done"
    assert found != decided


@pytest.mark.parametrize("case", sorted(STOPPED_BY_A_RULE))
def test_without_the_lock_a_rule_of_the_database_still_keeps_what_was_decided(monkeypatch, case):
    monkeypatch.setattr(EventQuerySet, "get_for_update", lambda rows, pk: rows.get(pk=pk))

    outcome, decided, found = decided_meanwhile(*TOO_LATE[case])

    assert outcome == "IntegrityError"
    assert found == decided


def test_who_sees_another_price_than_the_one_that_is_changed_meanwhile_changes_nothing():
    [seat] = seats_in_area(1)
    wish = partial(reprice, event_id=seat.showing.event_id, by=new_admin(), **WHY)
    with ThreadPoolExecutor(1) as others, transaction.atomic():
        Event.objects.get_for_update(seat.showing.event_id)
        type(seat.area).objects.update(price=700_000)
        wished = others.submit(outcome_of, wish)
        wait_until_somebody_waits()

    assert wished.result() == "price-changed"
    assert type(seat.area).objects.get().price == 700_000
