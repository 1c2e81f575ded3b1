from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from django.db.models import Model
from django.test import Client

from refunds.policy import Reason
from refunds.services import request_refund
from tests.access.addresses import of
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
from tests.tokens import token_of


@pytest.fixture(autouse=True)
def _few_rights(few_rights: None) -> None:
    """All this is done with the servers' rights."""


def client_of(user):
    """Signed in to pages and to the API alike."""
    if user is None:
        return Client()
    client = Client(headers={"Authorization": f"Bearer {token_of(user)}"})
    client.force_login(user)
    return client


def member_of(organizer):
    member = CustomerFactory(is_staff=True)
    organizer.members.add(member)
    return member


@dataclass
class Access:
    """A row of every kind that an address names, and those who come asking for it."""

    rows: dict[str, Model]
    marks: list[str]  # what nobody else may read
    people: dict[str, Client] = field(default_factory=dict)

    def address(self, route, row, **others):
        named = self.rows[row]
        shown = getattr(named, "code", None) or getattr(named, "slug", "")
        ids = dict.fromkeys(("id", "pk", "showing_id"), named.pk)
        return of(route, {"code": shown, "slug": shown, **ids, **others})


@pytest.fixture
def access():
    organizer = OrganizerFactory(name="Organizer Quince")
    event = EventFactory(organizer=organizer, title="Event Quince")
    showing = ShowingFactory(event=event, starts_at=from_now(hours=6))
    owner = CustomerFactory(email="quince@example.org")
    draft = ShowingFactory(
        event=EventFactory(organizer=organizer, title="Draft Quince", draft=True)
    )
    seats_in_area(1, showing=draft)
    order = paid_order(seats_in_area(2, showing=showing), customer=owner)
    returned = paid_order(customer=owner)
    rows = {
        "showing": showing,
        "draft event": draft.event,
        "draft showing": draft,
        "order": order,
        "ticket": order.tickets.first(),
        "refund": request_refund(
            order_id=returned.pk, requester=owner, reason=Reason.PERSONAL
        ),
    }  # fmt: skip
    stranger = CustomerFactory()
    placed_order(customer=stranger)
    people = {
        "visitor": Client(),
        "customer": client_of(stranger),
        "member": client_of(member_of(EventFactory().organizer)),
        "owner": client_of(owner),
        "member of A": client_of(member_of(organizer)),
    }
    marks = ["Quince", "quince@example.org", order.code, *(t.code for t in order.tickets.all())]
    return Access(rows, marks, people)
