"""What orders tell of themselves: seats, tickets, the order, and what became of its event."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orders.models import Order, Ticket
from orders.timeline.parts import (
    Entry,
    Jobs,
    Kind,
    Logged,
    Reader,
    Row,
    Thing,
    Told,
    tells,
    the_customer,
)
from ticketing.dates_news import News
from ticketing.models import Event, Showing
from ticketing.roles import ABOUT_FRAUD
from ticketing.step_words import Tone, Word, the_system

WORDS_OF_ORDER = {
    "pay": Word(gettext_lazy("The order is paid."), Tone.GOOD),
    "fail": Word(gettext_lazy("The order has failed. Its seats are free again."), Tone.BAD),
    "expire": Word(gettext_lazy("The order has expired. Its seats are free again."), Tone.BAD),
    "cancel": Word(gettext_lazy("The order is cancelled. Its seats are free again."), Tone.BAD),
    "refund_partly": Word(gettext_lazy("Some of the order is refunded.")),
    "refund": Word(gettext_lazy("All of the order is refunded.")),
    "resend_tickets": Word(gettext_lazy("The tickets are to be sent once more.")),
}
WORDS_OF_TICKET = {
    "use": Word(gettext_lazy("Went in: {thing}"), Tone.GOOD),
    "readmit": Word(gettext_lazy("Lets somebody in once more: {thing}")),
    "refund": Word(gettext_lazy("Given back: {thing}")),
}
WORDS_OF_EVENT = {
    "publish": Word(gettext_lazy("The event is published.")),
    "postpone": Word(gettext_lazy("The event is postponed."), Tone.BAD),
    "reinstate": Word(gettext_lazy("The event takes place after all.")),
    "request_cancellation": Word(gettext_lazy("The cancellation of the event is asked for.")),
    "withdraw_cancellation": Word(gettext_lazy("The event is not to be cancelled after all.")),
    "cancel": Word(gettext_lazy("The event is cancelled."), Tone.BAD),
    "investigate": Word(gettext_lazy("The event is suspected of fraud."), Tone.BAD),
    "confirm_fraud": Word(gettext_lazy("The event is found to be a fraud."), Tone.BAD),
    "clear": Word(gettext_lazy("The event is cleared of the suspicion of fraud.")),
    "lift_revenue_freeze": Word(gettext_lazy("The revenue of the event is given free.")),
    "create": Word(gettext_lazy("The event is made.")),
    "change": Word(gettext_lazy("What the event says is changed.")),
    "copy": Word(gettext_lazy("The event is made as a copy.")),
    "make_seats": Word(gettext_lazy("The seats of an area are made.")),
    "import_seats": Word(gettext_lazy("Seats are made from a file.")),
    "empty_area": Word(gettext_lazy("The seats of an area are removed.")),
    "remove_area": Word(gettext_lazy("An area is removed with its seats.")),
    "remove_showing": Word(gettext_lazy("A showing is removed.")),
}
WORDS_OF_SHOWING = {
    "block_seats": Word(gettext_lazy("Seats are taken off sale.")),
    "release_seats": Word(gettext_lazy("Seats are back on sale.")),
    "block_places": Word(gettext_lazy("Places are taken off sale.")),
    "release_places": Word(gettext_lazy("Places are back on sale.")),
    "change_prices": Word(gettext_lazy("Prices are changed.")),
}
WORDS_OF_JOBS = {
    "orders.expiry_due": gettext_lazy("Settle the order: free its seats unless it is paid"),
    "orders.placed": gettext_lazy("Tell the customer until when the seats are held"),
    "orders.paid": gettext_lazy("Mail the tickets"),
    "orders.ended": gettext_lazy("Tell the customer that the order has ended"),
    "orders.tickets_wanted": gettext_lazy("Mail the tickets once more"),
}
MAILS = (
    "placed:{}",
    "paid:{}",
    "paid:{}:",
    "paid_in_vain:{}",
    "paid_in_vain:{}:",
    "ended:{}",
    "called_off:{}",
    "cancelled:{}",
    *(f"{news}:{{}}:" for news in News),
)


@tells(
    {Order: "pk", Ticket: "order"},
    {
        Order: WORDS_OF_ORDER,
        Ticket: WORDS_OF_TICKET,
        Event: WORDS_OF_EVENT,
        Showing: WORDS_OF_SHOWING,
    },
)
def orders(order: Order, reader: Reader) -> Told:
    """Two queries at most: who has tickets needs no holds to know the seats."""
    tickets = list(order.tickets.order_by("seat_id"))
    return Told(
        entries=list(_entries(order, tickets)),
        logged=[
            Logged(
                Order,
                Kind.ORDER,
                {order.pk: Thing(order.code, order.total_amount)},
            ),
            Logged(
                Ticket,
                Kind.TICKET,
                {each.pk: Thing(str(each), row=Row(Ticket, each.pk)) for each in tickets},
            ),
            Logged(
                Event,
                Kind.EVENT,
                {order.event_id: Thing(order.event.title, row=Row(Event, order.event_id))},
                # A suspicion is the platform's own, and may turn out to be none.
                hidden=() if reader.is_admin else ABOUT_FRAUD,
                since=order.created_at,
            ),
        ],
        jobs=[Jobs("order_id", [order.pk], WORDS_OF_JOBS)],
        mail_keys=[f"mail:orders.{key.format(order.pk)}" for key in MAILS],
    )


def _entries(order: Order, tickets: list[Ticket]) -> Iterable[Entry]:
    places = [str(ticket) for ticket in tickets] or _held(order)
    ordered = ngettext(
        "{count} seat is ordered: {places}", "{count} seats are ordered: {places}", len(places)
    )
    yield Entry(
        order.created_at,
        Kind.SEATS,
        ordered.format(count=len(places), places=", ".join(places)),
        actor=the_customer(),
        why=_("Held for them until {moment}.").format(
            moment=f"{order.expires_at.astimezone(order.showing.zone):%H:%M:%S}"
        ),
        amount=order.total_amount,
    )
    if tickets:
        issued = ngettext("{count} ticket is issued.", "{count} tickets are issued.", len(tickets))
        yield Entry(
            tickets[0].issued_at,
            Kind.TICKET,
            issued.format(count=len(tickets)),
            actor=the_system(),
        )


def _held(order: Order) -> list[str]:
    holds = order.holds.select_related("seat__area", "seat__row").order_by("seat_id")
    return [each.seat.place for each in holds]
