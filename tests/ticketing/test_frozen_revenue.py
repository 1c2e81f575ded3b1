"""From when on an event's revenue is frozen, and what gives it free."""

from __future__ import annotations

import pytest

from jobs.models import Job
from tests.ticketing.event_facts import REASON, as_stored, assert_noted
from tests.ticketing.event_states import event_in, move, new_admin
from ticketing import services
from ticketing.errors import SecondAdminNeeded, WrongEventState
from ticketing.invariants import violations
from ticketing.models import Event


def test_a_confirmed_fraud_freezes_the_revenue_and_tells_the_apps_above():
    event, admin = event_in("published", "investigating"), new_admin()

    services.confirm_fraud(event_id=event.pk, by=admin, reason=REASON)

    kept = Event.objects.get(pk=event.pk)
    assert kept.revenue_frozen_at == assert_noted(event, admin).timestamp
    job = Job.objects.get(topic="ticketing.fraud_confirmed")
    assert job.payload == {"event_id": event.pk, "by_id": admin.pk}


def test_revenue_that_was_never_frozen_is_not_frozen_by_clearing():
    event, admin = event_in("published", "investigating"), new_admin()

    services.clear_event(event_id=event.pk, by=admin, reason=REASON)

    kept = Event.objects.get(pk=event.pk)
    assert (kept.fraud_cleared_by, kept.revenue_frozen_at) == (admin, None)
    stored = as_stored()
    with pytest.raises(WrongEventState, match="not frozen"):
        services.lift_revenue_freeze(event_id=event.pk, by=new_admin(), reason=REASON)
    assert as_stored() == stored


def test_who_cleared_an_event_does_not_give_its_revenue_free():
    event, first, second = event_in("published", "confirmed"), new_admin(), new_admin()
    frozen_at = event.revenue_frozen_at
    services.clear_event(event_id=event.pk, by=first, reason="We were wrong.")
    stored = as_stored()

    with pytest.raises(SecondAdminNeeded, match="another admin"):
        services.lift_revenue_freeze(event_id=event.pk, by=first, reason=REASON)

    assert as_stored() == stored
    assert Event.objects.get(pk=event.pk).revenue_frozen_at == frozen_at

    services.lift_revenue_freeze(event_id=event.pk, by=second, reason=REASON)

    kept = Event.objects.get(pk=event.pk)
    assert (kept.revenue_frozen_at, kept.revenue_freeze_lifted_by) == (None, second)
    assert kept.fraud_status == "cleared"
    assert assert_noted(event, second).transition == "lift_revenue_freeze"
    assert not any(violations().values())


def test_who_clears_an_event_again_does_not_give_its_revenue_free_either():
    event, admin = event_in("published", "cleared"), new_admin()
    services.investigate_event(event_id=event.pk, by=admin, reason="There is more.")
    services.clear_event(event_id=event.pk, by=admin, reason="There is not.")

    with pytest.raises(SecondAdminNeeded):
        services.lift_revenue_freeze(event_id=event.pk, by=admin, reason=REASON)

    assert Event.objects.get(pk=event.pk).revenue_frozen_at is not None


def test_a_second_investigation_keeps_the_revenue_frozen_since_the_first():
    event = event_in("published", "cleared")
    frozen_at = Event.objects.get(pk=event.pk).revenue_frozen_at

    move(event, "investigate", "confirm_fraud")

    assert Event.objects.get(pk=event.pk).revenue_frozen_at == frozen_at is not None


def test_revenue_that_was_given_free_is_frozen_again_with_the_next_fraud():
    event = event_in("published", "cleared")
    services.lift_revenue_freeze(event_id=event.pk, by=new_admin(), reason=REASON)

    move(event, "investigate", "confirm_fraud")

    kept = Event.objects.get(pk=event.pk)
    assert kept.revenue_frozen_at is not None
    assert (kept.fraud_cleared_by, kept.revenue_freeze_lifted_by) == (None, None)
    assert not any(violations().values())
