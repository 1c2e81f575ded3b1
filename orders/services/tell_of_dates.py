"""Tell everybody who has tickets what became of the dates of their event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs import outbox
from jobs.mail import Reference, queue_mails
from orders import operations
from orders.mails import mail_of_dates
from orders.models import Order, OrderQuerySet, OrderStatus, Ticket
from ticketing.dates_news import News, put_off_from_another
from ticketing.models import Event

AT_ONCE = 200
WITH_TICKETS = (OrderStatus.PAID, OrderStatus.PARTIAL_REFUNDED)
STEPS = ("postpone", "reinstate", "cancel")
STILL_TRUE = "orders.dates_still_true"  # the attachment that is none, and keeps back old news


@transaction.atomic(durable=True)
def tell_of_dates(
    *,
    event_id: int,
    news: News,
    at: datetime,
    dates: Mapping[int, str],
    after: int = 0,
    only: int | None = None,
) -> int:
    """Queue a mail for each of the next `AT_ONCE` orders with a ticket that was not given back.

    Who was in before their night was broken off is let in once more when it takes place on another
    date; on the same one, who is in is in.

    `dates` are those of the showings that it is about, as they were told at the moment `at` of the
    news; `after` is the last order that was told. The rest of the orders is a job that is queued
    with their mails, unless `only` one is to be told. News that have been overtaken tell nothing:
    those that overtook them do. Nor do those of an event that is off; they are repeated if a fraud
    turns out to be none.
    Returns how many were told. Locks the orders that are let in once more, then their tickets.
    Safe to repeat and to interrupt: nobody is told the same twice while the mails' jobs are kept.
    """
    event = Event.objects.get(pk=event_id)
    if event.is_closed or not _is_newest(event, at):
        return 0
    left = Q(pk=only) if only else Q(pk__gt=after)
    told = _orders(event, news, at, dates).filter(left)[:AT_ONCE]
    # Before the orders are read: with them comes whether a ticket lets somebody in.
    if news == News.REINSTATED:
        put_off = put_off_from_another(event, dates)
        operations.readmit(told, used_before=put_off, at=timezone.now())
    orders = list(told)
    queue_mails({_key(news, each, at): _mail(news, each, at, dates) for each in orders})
    if len(orders) == AT_ONCE and not only:
        _tell_the_rest(event, news, at, dates, after=orders[-1].pk)
    return len(orders)


def _tell_the_rest(
    event: Event, news: News, at: datetime, dates: Mapping[int, str], *, after: int
) -> None:
    outbox.enqueue(
        "ticketing.dates_news",
        run_at=timezone.now(),
        # Of those who repeat a slice only one queues the rest.
        key=f"orders.{news}:{event.pk}:{at.isoformat()}:{after}",
        event_id=event.pk,
        news=news,
        at=at.isoformat(),
        dates=dates,
        after=after,
    )


def still_true(*, order: Order, news: News, at: datetime, date: str) -> bool:
    """Whether a mail of news is still to go out, written when the order's showing had this date.

    What it was overtaken by is told by other mails.
    """
    showing = order.showing
    if showing.local(showing.starts_at) != date or not order.tickets.live().exists():
        return False
    is_to_come = news == News.POSTPONED or showing.ends_at > timezone.now()
    return is_to_come and _is_newest(order.event, at)


def _key(news: News, order: Order, at: datetime) -> str:
    return f"mail:orders.{news}:{order.pk}:{at.isoformat()}"


def _mail(
    news: News, order: Any, at: datetime, dates: Mapping[int, str]
) -> tuple[EmailMessage, list[Reference]]:
    """It looks again when it is sent: a mail server may take it a day late."""
    date = order.showing.local(order.showing.starts_at)
    facts = {"order_id": order.pk, "news": news, "at": at.isoformat(), "date": date}
    doors = {"lets_in": order.lets_in, "was_used": order.was_used}
    mail = mail_of_dates(news, order, was=_was(news, order, dates), **doors)
    return mail, [(STILL_TRUE, facts)]


def _is_newest(event: Event, at: datetime) -> bool:
    """Whether nothing was decided after them that makes news wrong, or is told by its own."""
    steps = StateLog.objects.for_(event).filter(transition__in=STEPS)
    return bool(steps.latest("pk").timestamp <= at)


def _orders(event: Event, news: News, at: datetime, dates: Mapping[int, str]) -> OrderQuerySet:
    """By ascending id, each with the date that it was bought for; those of other dates left out."""
    own = Ticket.objects.filter(order=OuterRef("pk"))
    # Any of its tickets, since all were sold at once; none where nobody is left to be told.
    bought_for = Subquery(own.kept().values("showing_starts_at")[:1])
    doors = {"lets_in": Exists(own.valid()), "was_used": Exists(own.used())}
    # Nobody orders while it is postponed, and whoever does so once it is not knows its date.
    did_not_know = Q(created_at__lt=at) if news == News.REINSTATED else Q()
    orders = Order.objects.annotate(bought_for=bought_for, **doors).filter(
        did_not_know,
        event=event,
        showing__in=_showings(event, news, dates),
        status__in=WITH_TICKETS,
        bought_for__isnull=False,
    )
    return orders.select_related("event", "showing").order_by("pk")


def _showings(event: Event, news: News, dates: Mapping[int, str]) -> list[int]:
    """Those that it is still true of: one may have been moved once more, or be over by now."""
    if news == News.POSTPONED:
        return list(dates)
    known = event.showings.filter(pk__in=list(dates), ends_at__gt=timezone.now())
    return [each.pk for each in known if each.local(each.starts_at) == dates[each.pk]]


def _was(news: News, order: Any, dates: Mapping[int, str]) -> str:
    """The date that does not hold any more; nothing if it does."""
    if news == News.POSTPONED:
        return dates[order.showing_id]
    was: str = order.showing.local(order.bought_for)
    return "" if was == order.showing.local(order.showing.starts_at) else was
