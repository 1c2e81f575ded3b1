"""What people are told of the dates of their tickets, in the language of their order."""

from __future__ import annotations

from django.core.mail import EmailMultiAlternatives

from jobs.mail import render_mail
from orders.links import order_page
from orders.models import Order
from ticketing.dates_news import News
from ticketing.models import EventStatus


def mail_of_dates(
    news: News, order: Order, *, was: str, lets_in: bool, was_used: bool
) -> EmailMultiAlternatives:
    """The mail to the customer of an order with event and showing; `was` is the old date, if any.

    `lets_in` says whether it has a ticket that nobody went in with, `was_used` whether it has one
    that somebody did. The mail speaks of a refund where one can be asked for because the event is
    postponed.
    """
    starts_at = order.showing.local(order.showing.starts_at)
    context = {
        "order": order,
        "was": was,
        "lets_in": lets_in,
        "was_used": was_used,
        "starts_at": "" if news == News.POSTPONED and was == starts_at else starts_at,
        "can_ask": order.event.status == EventStatus.POSTPONED and order.refundable_amount > 0,
        "url": order_page(order.code),
    }
    return render_mail(f"orders/mail/{news}", context, to=[order.email], language=order.language)
