"""Postponing, moving and reinstating events in tests, and the mails that this leads to."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.test import Client

from jobs.models import Job
from jobs.services import prune_jobs
from orders.models import Order, Ticket
from tests.back_office.workbench import evening, page_of
from tests.factories import from_now, paid_order, seats_in_area
from tests.orders.closing import run_all
from tests.ticketing.event_states import new_admin
from ticketing import services

NEW_DATE, LATER_DATE = "2099-03-05 20:00 (Asia/Ho_Chi_Minh)", "2099-04-05 20:00 (Asia/Ho_Chi_Minh)"
NO_AREAS = {"areas-TOTAL_FORMS": 0, "areas-INITIAL_FORMS": 0}
NO_DATE_YET = "There is no new date yet."


def news():
    return Job.objects.filter(topic="ticketing.dates_news")


def two_months_pass():
    """For orders, and for the jobs, which are cleared away in that time."""
    ago = timedelta(days=60)
    Order.objects.update(created_at=F("created_at") - ago, expires_at=F("expires_at") - ago)
    Ticket.objects.update(refund_approved_at=F("refund_approved_at") - ago)
    Job.objects.update(finished_at=F("finished_at") - ago)
    prune_jobs(days=30)


def bought(showing, count=1, **fields):
    """An order whose customer has had the mail with the tickets."""
    return paid_order(seats_in_area(count, showing=showing, price=500_000), **fields)


def give_back(order, tickets, step):
    for ticket in tickets:
        ticket.refund_approved_at = from_now()
        ticket.refund(by=None, at=from_now(), reason="The test does it.")
        ticket.save()
    order = Order.objects.get(pk=order.pk)
    getattr(order, step)(by=None, at=from_now(), reason="The test does it.")
    order.save()


def had(mailoutbox):
    """The mails since it was asked last."""
    run_all()
    mails = list(mailoutbox)
    mailoutbox.clear()
    return mails


def then_had(mailoutbox):
    """The mails since it was asked last, those among them that are tried again."""
    first = had(mailoutbox)
    Job.objects.update(run_at=from_now(seconds=-1))
    return first + had(mailoutbox)


def admin():
    browser = Client()
    browser.force_login(new_admin())
    return browser


def move_to(showing, **times):
    """On its page in the back office."""
    assert admin().post(page_of(showing), evening(**times) | NO_AREAS).status_code == 302


def move_later(showing):
    move_to(showing, starts_at="2099-04-05T20:00", ends_at="2099-04-05T22:30")


def reinstate(event):
    services.reinstate_event(event_id=event.pk, by=new_admin(), reason="He is well.")


def date_of(showing):
    return showing.local(showing.starts_at)


def texts_of(mail):
    [(html, _)] = mail.alternatives
    return mail.body, html
