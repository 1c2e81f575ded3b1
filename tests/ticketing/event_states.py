"""Bringing events to any state, by the only way there is: logged transitions."""

from __future__ import annotations

from django.contrib.auth.models import User

from tests.factories import CustomerFactory, EventFactory, from_now
from ticketing.models import Event, EventStatus, FraudStatus

FRAUD_STEPS = {
    FraudStatus.NONE: [],
    FraudStatus.INVESTIGATING: ["investigate"],
    FraudStatus.CONFIRMED: ["investigate", "confirm_fraud"],
    FraudStatus.CLEARED: ["investigate", "confirm_fraud", "clear"],
}
ALL_STATES = [(status, fraud) for status in EventStatus.values for fraud in FraudStatus.values]


def suspect(event: Event, fraud_status: str) -> Event:
    """Take an event that nobody suspects to this fraud status; a cleared one stays frozen."""
    for step in FRAUD_STEPS[FraudStatus(fraud_status)]:
        getattr(event, step)(by=new_admin(), at=from_now(), reason="The test begins so.")
    event.save()
    return event


def event_in(status: str, fraud_status: str = FraudStatus.NONE, **fields: object) -> Event:
    return suspect(EventFactory(status=EventStatus(status), **fields), fraud_status)


def new_admin() -> User:
    return CustomerFactory(is_staff=True, is_superuser=True)


def new_member(event: Event) -> User:
    """A new member of the event's organizer."""
    user = CustomerFactory(is_staff=True)
    event.organizer.members.add(user)
    return user


def move(event: Event, *steps: str) -> None:
    """Take these transitions from where the event stands in the database."""
    event = Event.objects.get(pk=event.pk)
    for step in steps:
        getattr(event, step)(by=new_admin(), at=from_now(), reason="The test moves it.")
    event.save()
