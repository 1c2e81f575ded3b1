"""What orders do later: tell their customer, once per fact, in the language of the order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy
from django_fsm_log.models import StateLog

from jobs.mail import File, Reference, attachment, queue_mail, render_mail
from jobs.outbox import NothingToDo, RunLater, handles
from orders.ends import end_of, ended_with_its_event
from orders.links import order_page
from orders.models import Order, TicketQuerySet
from orders.places import held_place, priced, ticketed_place
from orders.services import close_event, still_true, tell_of_clearing, tell_of_dates
from orders.services.tell_of_clearing import IT_IS_OFF
from orders.services.tell_of_dates import STILL_TRUE
from orders.ticket_pdf import render_tickets
from ticketing.dates_news import News, announce_to
from ticketing.event_changes import is_put_off
from ticketing.models import Event

TICKETS = "orders.tickets"  # the attachment that has all tickets of an order
NOTHING_VALID = "Nothing was sent: no ticket of the order lets anybody in any more."
NOT_TO_BE_PAID = "Nothing was sent: the order can't be paid now."
MAILED_ENDS = (Order.Status.EXPIRED, Order.Status.FAILED)
OVERTAKEN = "Nothing was sent: what became of the dates since is told by mails of its own."
GOING_BACK = "Its money is on the way back; this is told if it does not get there."
GOOD_AGAIN = "Nothing was sent: the event is not off any more, and the tickets are sent instead."
# The attachment that is none, and keeps back that tickets are not valid.
STILL_OFF = "orders.still_off"
LOOK_AGAIN_IN = timedelta(seconds=30)
LONGEST_WAIT = timedelta(days=365)


@handles("orders.placed")
def mail_deadline(*, order_id: int) -> None:
    """Tell which seats are held, and until when, while somebody may still pay for them."""
    order = _order(order_id)
    is_waiting = order.status == Order.Status.PENDING_PAYMENT and timezone.now() < order.expires_at
    if not (is_waiting and order.event.is_selling):
        raise NothingToDo(NOT_TO_BE_PAID)
    holds = order.holds.select_related("seat__area", "seat__row").order_by("seat_id")
    _mail("placed", order, places=[held_place(hold) for hold in holds])


@handles("orders.paid")
def mail_tickets(*, order_id: int) -> None:
    """Send the tickets, and what became of their date while the money was on its way."""
    order = _order(order_id)
    _mail_tickets(order, order.tickets.all(), {"order_id": order_id})
    announce_to(order_id, order.event_id, since=order.created_at, at=timezone.now())


@handles("orders.tickets_wanted")
def mail_tickets_again(*, order_id: int, request_id: int, after_all: bool = False) -> None:
    """Send the tickets that are still good once more, once for each time that this was asked.

    `after_all` is for a customer who was told by the mail `request_id` that they are not good.
    """
    order = _order(order_id)
    if not order.event.is_closed and not order.tickets.valid().exists():
        raise NothingToDo(NOTHING_VALID)
    file = {"order_id": order_id, "only_valid": True}
    occasion = f":{request_id}:after_all" if after_all else f":{request_id}"
    _mail_tickets(order, order.tickets.valid(), file, occasion=occasion, after_all=after_all)


@handles("orders.ended")
def mail_end(*, order_id: int) -> None:
    """Tell that the seats are gone, and why, unless the customer gave them back."""
    order = _order(order_id)
    end = end_of(order)
    if ended_with_its_event(order, end):
        _mail("called_off", order)
    elif order.status in MAILED_ENDS:
        _mail("ended", order)
    elif end and end.by_id != order.customer_id:
        # The system's own reason is told in the language of the order.
        _mail("cancelled", order, reason=gettext_lazy(end.description or ""))


@handles("ticketing.event_closed")
def end_waiting_orders(*, event_id: int) -> None:
    """End what waits for payment at an event that was called off or put off, until nothing does."""
    closed = close_event(event_id=event_id)
    if closed.waiting:
        # What is left otherwise is locked or waits to be settled: somebody else has to be done
        # first.
        pause = timedelta(0) if closed.is_interrupted else LOOK_AGAIN_IN
        raise RunLater(timezone.now() + pause, f"{closed.waiting} orders wait for payment.")


@handles("ticketing.event_cleared")
def mail_good_tickets(*, event_id: int, only: int | None = None) -> None:
    """Send their tickets to those who were told that these let nobody in; it was no fraud."""
    tell_of_clearing(event_id=event_id, only=only)


@handles("ticketing.dates_news")
def mail_dates(
    *,
    event_id: int,
    news: str,
    at: str,
    dates: dict[str, str],
    after: int = 0,
    only: int | None = None,
) -> None:
    """Tell who has tickets that their event is postponed, moved, or takes place after all."""
    tell_of_dates(
        event_id=event_id,
        news=News(news),
        at=datetime.fromisoformat(at),
        dates={int(showing_id): date for showing_id, date in dates.items()},
        after=after,
        only=only,
    )


@attachment(TICKETS)
def tickets_file(*, order_id: int, only_valid: bool = False) -> File:
    """All tickets of an order, or those that let somebody in, as they are when the mail is sent."""
    order = _order(order_id)
    tickets = order.tickets.valid() if only_valid else order.tickets.all()
    _wait_while_off(order.event)
    # Their money may have gone back since the mail was written, or be about to.
    if not tickets.kept().exists():
        _wait_while_going_back(order)
        raise NothingToDo(NOTHING_VALID)
    with translation.override(order.language):
        pages = render_tickets(tickets.with_places().order_by("seat_id"))
    return f"tickets-{order.code}.pdf", pages, "application/pdf"


@attachment(STILL_TRUE)
def look_again_at_dates(*, order_id: int, news: str, at: str, date: str) -> None:
    """No file: keep a mail of dates back that was overtaken while no server took it."""
    order = _order(order_id)
    if not still_true(order=order, news=News(news), at=datetime.fromisoformat(at), date=date):
        raise NothingToDo(OVERTAKEN)
    _wait_while_off(order.event)
    if not order.tickets.kept().exists():
        _wait_while_going_back(order)


@attachment(STILL_OFF)
def look_again_whether_off(*, order_id: int) -> None:
    """No file: keep back that tickets are not valid once they are again."""
    if not _order(order_id).event.is_closed:
        raise NothingToDo(GOOD_AGAIN)


def _wait_while_going_back(order: Order) -> None:
    """Keep a mail about tickets back that is to be sent if none of their money arrives.

    Dropped it could not be queued again, as its key is known. It looks again soon, and the longer
    the money is on its way the less often.
    """
    approved_at = order.tickets.live().aggregate(last=Max("refund_approved_at"))["last"]
    if approved_at:
        now = timezone.now()
        pause = (now - approved_at) / 4
        raise RunLater(now + min(max(pause, LOOK_AGAIN_IN), timedelta(days=1)), GOING_BACK)


def _wait_while_off(event: Event) -> None:
    """Keep a mail back that is to be sent if a fraud turns out to be none, but not for ever."""
    if not event.is_closed:
        return
    now = timezone.now()
    steps = StateLog.objects.for_(event).filter(transition="confirm_fraud")
    is_recent = steps.filter(timestamp__gt=now - LONGEST_WAIT).exists()
    if event.status == Event.Status.CANCELLED or not is_recent:
        raise NothingToDo(NOTHING_VALID)
    # Kept for a year, and not dropped: if the fraud turns out to be none, it is true again.
    raise RunLater(now + timedelta(days=1), IT_IS_OFF)


def _mail_tickets(order: Order, tickets: TicketQuerySet, file: dict[str, Any], **told: Any) -> None:
    if order.event.is_closed:  # while the money was on its way
        _mail("paid_in_vain", order, [(STILL_OFF, {"order_id": order.pk})], **told)
        return
    shown = tickets.select_related("seat__area").order_by("seat_id")
    places = [ticketed_place(ticket) for ticket in shown]
    _mail("paid", order, [(TICKETS, file)], places=places, **told)


def _order(order_id: int) -> Order:
    return Order.objects.select_related("event", "showing__event").get(pk=order_id)


def _mail(
    name: str,
    order: Order,
    attach: Sequence[Reference] = (),
    *,
    places: Iterable[dict[str, Any]] = (),
    occasion: str = "",
    reason: Any = "",
    after_all: bool = False,
) -> None:
    showing = order.showing
    with translation.override(order.language):
        context = {
            "order": order,
            "starts_at": showing.local(showing.starts_at),
            "deadline": showing.local(order.expires_at),
            "places": priced(order, places),
            "total": order.price_tag(order.total_amount),
            "has_files": bool(attach),
            "reason": reason,
            "after_all": after_all,
            "is_put_off": is_put_off(order.event, showing),
            "can_order_again": showing.is_on_sale(timezone.now()),
            "url": order_page(order.code),
        }
    message = render_mail(f"orders/mail/{name}", context, to=[order.email], language=order.language)
    queue_mail(message, key=f"mail:orders.{name}:{order.pk}{occasion}", attach=attach)
