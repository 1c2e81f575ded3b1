"""Tickets are sent once more to whoever bought them, and it is known who had that done."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs.models import MAIL, Job
from jobs.services import run_due_jobs
from orders.errors import NoTicketsToSend
from orders.handlers import NOTHING_VALID
from orders.models import Order
from orders.services import resend_tickets
from tests.back_office.timelines import story
from tests.back_office.world import browser_of, supporter
from tests.factories import CustomerFactory, ShowingFactory, from_now, paid_order, placed_order
from tests.orders.closing import run_all
from tests.orders.dates import give_back
from tests.ticketing.event_states import move, new_admin, new_member
from ticketing.errors import NotAllowed
from ticketing.models import Showing

WANTED = Job.objects.filter(topic="orders.tickets_wanted")


@pytest.fixture
def order():
    return paid_order(email="lan@example.org")


def staff(role, order):
    """Somebody who may have the tickets of this order sent."""
    make = {"admin": new_admin, "support": supporter, "member": lambda: new_member(order.event)}
    return make[role]()


def page_of(order):
    return reverse("admin:orders_order_resend_tickets", args=[order.pk])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["admin", "support", "member"])
def test_staff_has_the_tickets_sent_again_to_the_address_of_the_order(order, role, mailoutbox):
    user = staff(role, order)
    run_all()
    mailoutbox.clear()

    asked = browser_of(user).get(page_of(order))
    sent = browser_of(user).post(page_of(order), follow=True)
    run_all()

    assert "lan@example.org" in asked.content.decode()
    assert "The tickets are on their way." in sent.content.decode()
    [mail] = mailoutbox
    assert mail.to == ["lan@example.org"]
    [(name, _pages, mimetype)] = mail.attachments
    assert (name, mimetype) == (f"tickets-{order.code}.pdf", "application/pdf")
    assert all(ticket.code in mail.body for ticket in order.tickets.all())


def test_opening_the_page_sends_nothing(order):
    browser_of(new_admin()).get(page_of(order))

    assert not WANTED.exists()


@pytest.mark.django_db(transaction=True)
def test_each_request_sends_one_mail_and_a_repeated_job_none(order, mailoutbox):
    run_all()
    mailoutbox.clear()

    for _ in range(2):
        resend_tickets(order_id=order.pk, by=new_admin())
    run_all()
    WANTED.update(status="pending", finished_at=None, run_at=timezone.now())
    run_all()

    assert len(mailoutbox) == 2


@pytest.mark.django_db(transaction=True)
def test_the_log_says_who_had_them_sent_and_changes_nothing_else(order):
    user = staff("support", order)
    before = Order.objects.filter(pk=order.pk).values().get()

    resend_tickets(order_id=order.pk, by=user)

    note = StateLog.objects.for_(order).latest("pk")
    assert (note.transition, note.by, note.source_state) == ("resend_tickets", user, "paid")
    assert Order.objects.filter(pk=order.pk).values().get() == before
    page = browser_of(user).get(reverse("admin:orders_order_change", args=[order.pk]))
    assert "resend_tickets" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_ticket_whose_money_goes_back_is_not_sent_again(order, mailoutbox):
    going, staying = order.tickets.order_by("pk")
    order.tickets.filter(pk=going.pk).update(refund_approved_at=timezone.now())

    resend_tickets(order_id=order.pk, by=new_admin())
    run_all()

    assert staying.code in mailoutbox[-1].body
    assert going.code not in mailoutbox[-1].body


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("took_place", [True, False])
def test_a_new_date_is_promised_for_what_was_put_off_only(order, mailoutbox, took_place):
    ShowingFactory(event=order.event)
    if took_place:
        Showing.objects.filter(pk=order.showing_id).update(
            starts_at=from_now(days=-2), ends_at=from_now(days=-1)
        )
    move(order.event, "postpone")

    resend_tickets(order_id=order.pk, by=new_admin())
    run_all()

    assert ("stay valid for the new date" in mailoutbox[-1].body) == (not took_place)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("steps", [0, 1], ids=["the job runs", "the mail goes out"])
def test_tickets_whose_money_went_back_before_that_are_not_sent(order, mailoutbox, steps):
    run_all()
    mailoutbox.clear()
    resend_tickets(order_id=order.pk, by=new_admin())
    run_due_jobs(limit=steps)
    give_back(order, order.tickets.all(), "refund")

    run_all()

    assert mailoutbox == []
    last = Job.objects.latest("pk")
    assert (last.topic == MAIL, last.status, last.attempts) == (bool(steps), "done", 1)
    assert last.last_error == NOTHING_VALID
    seen, shown = (
        story(browser_of(each), order) for each in (new_admin(), new_member(order.event))
    )
    [line] = [line for line in seen if "nothing left to do" in line]
    assert NOTHING_VALID in line
    assert len([line for line in shown if "nothing left to do" in line]) == steps  # of the mail


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", ["waiting", "refunded", "cancelled"])
def test_where_no_ticket_lets_anybody_in_none_is_sent(order, state):
    if state == "waiting":
        order = placed_order()
    elif state == "refunded":
        order.tickets.update(refund_approved_at=timezone.now())
    else:
        move(order.event, "cancel")

    with pytest.raises(NoTicketsToSend):
        resend_tickets(order_id=order.pk, by=new_admin())

    assert not WANTED.exists()
    assert not StateLog.objects.for_(order).filter(transition="resend_tickets").exists()


@pytest.mark.django_db(transaction=True)
def test_strangers_and_customers_have_nothing_sent(order):
    for user in (CustomerFactory(), order.customer, new_member(paid_order().event)):
        with pytest.raises(NotAllowed):
            resend_tickets(order_id=order.pk, by=user)
        assert browser_of(user).post(page_of(order)).status_code in (302, 404)

    assert not WANTED.exists()
