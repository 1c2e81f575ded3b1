"""What a fuzzer finds there: something of every kind that the API shows, sells or gives back."""

from __future__ import annotations

from dataclasses import dataclass

from refunds.policy import Reason
from refunds.services import request_refund
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
from tests.ticketing.event_states import move
from tests.tokens import token_of


@dataclass(frozen=True)
class ForSale:
    """The ids and codes of what there is, and the token of the person whom all of it concerns."""

    token: str
    codes: list[str]
    tickets: list[str]
    slug: str
    showing: int
    seats: list[int]
    area: int
    refund: int


def for_sale() -> ForSale:
    """A customer with orders in every state, who is also a member of the organizer."""
    person = CustomerFactory()
    organizer = OrganizerFactory()
    organizer.members.add(person)
    event = EventFactory(organizer=organizer)
    tonight = ShowingFactory(event=event, starts_at=from_now(hours=6))
    free = seats_in_area(6, showing=tonight)
    standing = seats_in_area(6, showing=tonight, general_admission=True)
    orders = [
        *(placed_order(seats_in_area(2, showing=tonight), customer=person) for _ in range(2)),
        paid_order(seats_in_area(2, showing=tonight), customer=person),
        *(paid_order(customer=person) for _ in range(3)),
    ]
    returned, postponed = orders[-2:]
    refund = request_refund(order_id=returned.pk, requester=person, reason=Reason.PERSONAL)
    move(postponed.event, "postpone")
    tickets = [ticket.code for order in orders for ticket in order.tickets.all()]
    return ForSale(
        token=token_of(person),
        codes=[order.code for order in orders] + tickets,
        tickets=tickets,
        slug=event.slug,
        showing=tonight.pk,
        seats=[seat.pk for seat in free],
        area=standing[0].area_id,
        refund=refund.pk,
    )
