"""What an order's state means to its customer, in words, and what comes next."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from orders.ends import end_of, ended_with_its_event, was_put_off
from orders.models import Order, OrderStatus
from ticketing.event_changes import is_put_off, why_nothing_to_pay
from ticketing.models import EventStatus, Showing
from ticketing.templatetags.pages import moment

ENDED = (OrderStatus.EXPIRED, OrderStatus.FAILED, OrderStatus.CANCELLED)


def told(when: datetime, showing: Showing) -> str:
    """A moment as the pages write it, with its zone, for the middle of a sentence."""
    return f"{moment(when, showing)} ({showing.time_zone})"


def phase(order: Order, now: datetime) -> str:
    """What the page is about: paying, settling (its time is up, nobody knows yet), had or ended."""
    if order.status in ENDED or order.is_given_up(now):
        return "ended"
    if order.status == OrderStatus.PENDING_PAYMENT:
        return "paying" if now < order.expires_at else "settling"
    return "had"


def state(order: Order, now: datetime, *awaited: str) -> str:
    """Changes whenever the page would say something else about the order, or its event."""
    event = order.event
    seen = [event.status, str(event.is_closed)]  # public, as a suspicion is not
    return ":".join([order.status, phase(order, now), *seen, *awaited])


def of_event(order: Order) -> str:
    """What became of the event for whoever bought tickets: cancelled, stopped, put_off or nothing.

    Of one that was stopped as a fraud, only the platform knows which orders it concerns. A night
    that was over before the others were postponed took place.
    """
    event = order.event
    if event.is_closed:
        return "cancelled" if event.status == EventStatus.CANCELLED else "stopped"
    return "put_off" if is_put_off(event, order.showing) else ""


def next_step(order: Order, now: datetime, *, keeps_tickets: bool) -> str:
    """A sentence for the list of orders."""
    found = phase(order, now)
    if found == "paying":
        pay_by = _("Pay by {deadline}.").format(deadline=told(order.expires_at, order.showing))
        return why_nothing_to_pay(order.event) or pay_by
    if found == "settling":
        return _("We are checking whether your payment arrived.")
    if found == "ended":
        return _("Its seats are not yours any more.")
    return _next_for_tickets(order, now, keeps_tickets=keeps_tickets)


def _next_for_tickets(order: Order, now: datetime, *, keeps_tickets: bool) -> str:
    if order.status == OrderStatus.REFUNDED:
        return _("All of its money went back.")
    if order.event.is_closed:  # its refunds know whether all of its money goes back
        return _("The event is off. Open the order to see what becomes of its money.")
    if not keeps_tickets:
        return _("Its tickets were given back.")
    if of_event(order) == "put_off":
        return _("The event is postponed.")
    if order.showing.ends_at <= now:
        return _("It is over. We hope you liked it.")
    return _("Your tickets are ready.")


def why_ended(order: Order) -> str:
    """Why there are no tickets."""
    end = end_of(order)
    if ended_with_its_event(order, end):
        return _("The event was called off before the order was paid.")
    if end and was_put_off(end):
        return _("The event was postponed before the order was paid.")
    if order.status == OrderStatus.CANCELLED:
        return _("The order was cancelled, and its seats are free for others again.")
    deadline = told(order.expires_at, order.showing)
    if order.status == OrderStatus.FAILED:
        why = _("No payment went through by {deadline}, so the seats are free for others again.")
    else:
        why = _("We received no payment by {deadline}, so the seats are free for others again.")
    return why.format(deadline=deadline)
