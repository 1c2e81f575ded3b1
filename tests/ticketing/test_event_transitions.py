"""What becomes of an event: from which state, by whom, and with which facts for the apps above."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django_fsm_log.models import StateLog

from jobs.models import Job
from tests.factories import CustomerFactory, OrganizerFactory
from tests.ticketing.event_facts import REASON, as_stored, assert_noted
from tests.ticketing.event_states import ALL_STATES, event_in, new_admin, new_member
from ticketing import services
from ticketing.errors import NotAllowed, WrongEventState
from ticketing.invariants import violations
from ticketing.models import Event

# Which states a step takes an event from, by the field that it moves, and where to.
STATUS_STEPS = {
    services.postpone_event: (["published"], "postponed"),
    services.reinstate_event: (["postponed"], "published"),
    services.confirm_cancellation: (["published", "postponed"], "cancelled"),
}
FRAUD_STEPS = {
    services.investigate_event: (["none", "cleared"], "investigating"),
    services.confirm_fraud: (["investigating"], "confirmed"),
    services.clear_event: (["investigating", "confirmed"], "cleared"),
    services.lift_revenue_freeze: (["cleared"], "cleared"),
}
REQUESTS = [services.request_cancellation, services.withdraw_cancellation]
ADMIN_STEPS = [*STATUS_STEPS, *FRAUD_STEPS]
FACTS = {
    services.postpone_event: ["ticketing.event_closed"],
    services.confirm_cancellation: ["ticketing.event_cancelled", "ticketing.event_closed"],
    services.confirm_fraud: ["ticketing.event_closed", "ticketing.fraud_confirmed"],
    services.clear_event: ["ticketing.event_cleared"],  # of what was off because of the fraud
}


def facts():
    return sorted(Job.objects.values_list("topic", flat=True))


def named(step):
    return step.__name__


@pytest.mark.parametrize("step", STATUS_STEPS, ids=named)
@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_an_event_moves_from_the_right_states_only(step, status, fraud_status):
    event, admin = event_in(status, fraud_status), new_admin()
    sources, target = STATUS_STEPS[step]
    stored = as_stored()

    if status not in sources:
        with pytest.raises(WrongEventState, match=r"\w+ .*\."):
            step(event_id=event.pk, by=admin, reason=REASON)
        assert as_stored() == stored
        return
    moved = step(event_id=event.pk, by=admin, reason=REASON)

    kept = Event.objects.get(pk=event.pk)
    assert (moved.status, kept.status, kept.fraud_status) == (target, target, fraud_status)
    note = assert_noted(event, admin)
    assert (note.source_state, note.state) == (status, target)
    assert facts() == FACTS.get(step, [])
    assert not any(violations().values())


@pytest.mark.parametrize("step", FRAUD_STEPS, ids=named)
@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_a_suspicion_moves_from_the_right_states_only(step, status, fraud_status):
    event, admin = event_in(status, fraud_status), new_admin()
    sources, target = FRAUD_STEPS[step]
    stored = as_stored()

    if fraud_status not in sources:
        with pytest.raises(WrongEventState, match=r"\w+ .*\."):
            step(event_id=event.pk, by=admin, reason=REASON)
        assert as_stored() == stored
        return
    moved = step(event_id=event.pk, by=admin, reason=REASON)

    kept = Event.objects.get(pk=event.pk)
    assert (moved.fraud_status, kept.fraud_status, kept.status) == (target, target, status)
    assert_noted(event, admin)
    is_small = step == services.clear_event and fraud_status != "confirmed"
    assert facts() == ([] if is_small else FACTS.get(step, []))
    assert not any(violations().values())


def strangers(event):
    """People who do not decide about this event, and what they are."""
    foreign = OrganizerFactory()
    other_member = CustomerFactory(is_staff=True)
    foreign.members.add(other_member)
    left = new_member(event)
    event.organizer.members.remove(left)
    sleeping_admin = CustomerFactory(is_superuser=True, is_active=False)
    return [CustomerFactory(), other_member, left, sleeping_admin]


READY = {
    services.postpone_event: ("published", "none"),
    services.reinstate_event: ("postponed", "none"),
    services.confirm_cancellation: ("published", "none"),
    services.investigate_event: ("published", "none"),
    services.confirm_fraud: ("published", "investigating"),
    services.clear_event: ("published", "confirmed"),
    services.lift_revenue_freeze: ("published", "cleared"),
}


@pytest.mark.parametrize("step", ADMIN_STEPS, ids=named)
def test_only_platform_admins_decide(step):
    event = event_in(*READY[step])
    people = [*strangers(event), new_member(event)]
    stored = as_stored()

    for person in people:
        with pytest.raises(NotAllowed, match="admin"):
            step(event_id=event.pk, by=person, reason=REASON)

    assert as_stored() == stored


@pytest.mark.parametrize("step", REQUESTS, ids=named)
def test_only_its_organizer_and_admins_ask_for_a_cancellation(step):
    event = event_in("published")
    people = strangers(event)
    stored = as_stored()

    for person in people:
        with pytest.raises(NotAllowed, match="organizer"):
            step(event_id=event.pk, by=person, reason=REASON)

    assert as_stored() == stored


@pytest.mark.parametrize("step", REQUESTS, ids=named)
def test_a_cancelled_event_is_asked_nothing_any_more(step):
    event = event_in("cancelled")
    member = new_member(event)
    stored = as_stored()

    with pytest.raises(WrongEventState, match="cancelled already"):
        step(event_id=event.pk, by=member, reason=REASON)

    assert as_stored() == stored


def test_a_draft_is_not_called_off_because_that_would_show_it_to_everybody():
    event = event_in("draft")
    stored = as_stored()

    asks = services.request_cancellation, new_member(event)
    for ask, by in (asks, (services.confirm_cancellation, new_admin())):
        with pytest.raises(WrongEventState, match="leave it unpublished"):
            ask(event_id=event.pk, by=by, reason=REASON)

    assert as_stored() == stored


@pytest.mark.parametrize("status", ["published", "postponed"])
@pytest.mark.parametrize("make_user", [new_member, lambda event: new_admin()])
def test_a_request_is_kept_and_changes_no_state(status, make_user):
    event = event_in(status)
    user = make_user(event)

    services.request_cancellation(event_id=event.pk, by=user, reason=REASON)

    kept = Event.objects.get(pk=event.pk)
    assert (kept.status, kept.is_selling) == (status, status == "published")
    assert kept.cancellation_requested_by == user
    assert kept.cancellation_request_reason == REASON
    note = assert_noted(event, user)
    assert (note.timestamp, note.transition) == (
        kept.cancellation_requested_at,
        "request_cancellation",
    )
    assert facts() == []
    assert not any(violations().values())


def test_a_second_request_leaves_the_first_as_it_is():
    event = event_in("published")
    services.request_cancellation(event_id=event.pk, by=new_member(event), reason=REASON)
    another = new_member(event)
    stored = as_stored()

    services.request_cancellation(event_id=event.pk, by=another, reason="Me too.")

    assert as_stored() == stored


def test_a_request_that_is_withdrawn_is_gone_but_not_forgotten():
    event = event_in("published")
    first, second = new_member(event), new_member(event)
    services.request_cancellation(event_id=event.pk, by=first, reason="It rains.")

    for _ in range(2):
        services.withdraw_cancellation(event_id=event.pk, by=second, reason=REASON)

    kept = Event.objects.get(pk=event.pk)
    assert kept.cancellation_requested_at is None
    assert (kept.cancellation_requested_by, kept.cancellation_request_reason) == (None, "")
    told = list(
        StateLog.objects.for_(event)
        .filter(transition__endswith="_cancellation")
        .order_by("pk")
        .values_list("transition", "by", "description")
    )
    assert told == [
        ("request_cancellation", first.pk, "It rains."),
        ("withdraw_cancellation", second.pk, REASON),
    ]
    assert not any(violations().values())


def test_a_cancellation_keeps_the_request_that_it_follows():
    event = event_in("postponed")
    member, admin = new_member(event), new_admin()
    services.request_cancellation(event_id=event.pk, by=member, reason="No new date.")

    services.confirm_cancellation(event_id=event.pk, by=admin, reason=REASON)

    kept = Event.objects.get(pk=event.pk)
    assert (kept.status, kept.cancellation_requested_by) == ("cancelled", member)
    job = Job.objects.get(topic="ticketing.event_cancelled")
    assert job.payload == {"event_id": event.pk, "by_id": admin.pk}
    assert Job.objects.get(topic="ticketing.event_closed").payload == {"event_id": event.pk}


@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_only_a_published_event_that_is_no_fraud_sells(status, fraud_status):
    event = event_in(status, fraud_status)

    assert event.is_selling is (status == "published" and fraud_status != "confirmed")
    assert event.is_closed is (status == "cancelled" or fraud_status == "confirmed")


BROKEN = [
    ("event_frozen_while_fraud_confirmed", "confirmed", "revenue_frozen_at = NULL"),
    ("event_frozen_for_fraud_only", "none", "revenue_frozen_at = now()"),
    ("event_cleared_by_somebody", "cleared", "fraud_cleared_by_id = NULL"),
    ("event_cleared_by_somebody", "investigating", "fraud_cleared_by_id = {somebody}"),
    (
        "event_freeze_lifted_by_another",
        "cleared",
        "revenue_frozen_at = NULL, revenue_freeze_lifted_by_id = fraud_cleared_by_id",
    ),
    (
        "event_freeze_lifted_by_another",
        "cleared",
        "revenue_freeze_lifted_by_id = {somebody}",
    ),
    (
        "event_freeze_lifted_by_another",
        "investigating",
        "revenue_frozen_at = NULL, revenue_freeze_lifted_by_id = {somebody}",
    ),
    ("event_cancellation_request_whole", "none", "cancellation_requested_at = now()"),
    ("event_cancellation_request_whole", "none", "cancellation_request_reason = 'It rains.'"),
    (
        "event_cancellation_request_whole",
        "none",
        "cancellation_requested_at = now(), cancellation_requested_by_id = {somebody}",
    ),
]


@pytest.mark.parametrize(("rule", "fraud_status", "change"), BROKEN)
def test_the_database_knows_these_rules_too(rule, fraud_status, change):
    event_in("published", fraud_status)
    change = change.format(somebody=new_admin().pk)

    with (
        pytest.raises(IntegrityError, match=rule),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE ticketing_event SET {change}")
