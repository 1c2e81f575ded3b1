"""Whose refund comes to nothing hears what became of the date while the tickets were not good."""

from __future__ import annotations

from importlib import import_module

import pytest

from jobs.models import Job
from jobs.outbox import handler_of
from jobs.services import run_job
from orders.models import Ticket
from orders.services import check_in
from refunds.policy import Reason
from refunds.services import approve_refund, mark_refund_failed, override_refund
from tests.factories import EventFactory, ShowingFactory, from_now
from tests.orders.closing import assert_all_is_well, clear_of_fraud, confirm_fraud, postpone
from tests.orders.dates import (
    NEW_DATE,
    bought,
    date_of,
    had,
    move_to,
    news,
    reinstate,
    two_months_pass,
)
from tests.refunds.moved import approved, ask, new_admin, refuse

POSTPONED, MOVED, REINSTATED = "is postponed", "has a new date", "takes place after all"


@pytest.fixture
def event():
    return EventFactory()


@pytest.fixture
def showing(event):
    return ShowingFactory(event=event)


@pytest.fixture
def order(showing, mailoutbox):
    order = bought(showing, count=2)
    had(mailoutbox)
    return order


@pytest.fixture
def refund(order):
    """Approved; the provider refused."""
    refund = approved(order, None)
    refuse(refund)
    return refund


@pytest.fixture
def slices(monkeypatch):
    """News are told to one order at a time."""
    monkeypatch.setattr(import_module("orders.services.tell_of_dates"), "AT_ONCE", 1)


def give_up(refund):
    mark_refund_failed(refund_id=refund.pk, by=new_admin(), reason="His card is blocked.")


def words_in(mails):
    """What they say of dates."""
    return [
        word for mail in mails for word in (POSTPONED, MOVED, REINSTATED) if word in mail.subject
    ]


@pytest.mark.parametrize("time_passes", [lambda: None, two_months_pass])
def test_who_keeps_the_tickets_after_all_hears_the_new_date(
    event, showing, order, refund, mailoutbox, time_passes
):
    old = date_of(showing)
    for step, of in [(postpone, event), (move_to, showing), (reinstate, event)]:
        step(of)
        assert words_in(had(mailoutbox)) == []
    time_passes()

    give_up(refund)

    [mail] = [each for each in had(mailoutbox) if words_in([each])]
    assert mail.to == [order.email]
    assert mail.subject.endswith(REINSTATED)
    assert f"It takes place on {NEW_DATE}." in mail.body
    assert f"You bought your tickets for {old}." in mail.body
    assert_all_is_well()


def test_nobody_else_is_told_anything(event, showing, order, refund, mailoutbox):
    bought(showing)
    had(mailoutbox)
    postpone(event)
    assert words_in(had(mailoutbox)) == [POSTPONED]

    give_up(refund)

    told = [mail.to for mail in had(mailoutbox) if words_in([mail])]
    assert told == [[order.email]]


@pytest.mark.parametrize("time_passes", [lambda: None, two_months_pass])
def test_what_was_told_before_the_refund_is_not_told_again(
    event, showing, order, mailoutbox, time_passes
):
    postpone(event)
    had(mailoutbox)
    time_passes()
    refund = approved(order, None)
    refuse(refund)
    move_to(showing)
    assert words_in(had(mailoutbox)) == []

    give_up(refund)

    assert words_in(had(mailoutbox)) == [MOVED]


def test_news_that_are_just_being_told_reach_them_too(event, refund, mailoutbox):
    had(mailoutbox)
    postpone(event)
    job = news().get()
    handler_of(job.topic)(**job.payload)  # it has read its orders, and its end is not recorded yet

    give_up(refund)
    Job.objects.filter(pk=job.pk).update(status="done", finished_at=from_now())

    assert words_in(had(mailoutbox)) == [POSTPONED]


def test_news_that_are_told_some_at_a_time_reach_them_too(
    event, showing, order, mailoutbox, slices
):
    for _ in range(2):
        bought(showing)
    last = bought(showing)
    had(mailoutbox)
    postpone(event)
    run_job(job_id=news().get().pk, generation=0)  # it has told the first of them
    refund = approved(last, None)
    refuse(refund)
    assert words_in(had(mailoutbox)) == [POSTPONED] * 3

    give_up(refund)

    told = [mail.to for mail in had(mailoutbox) if words_in([mail])]
    assert told == [[last.email]]


def test_who_was_told_in_an_earlier_part_is_not_told_again(
    event, showing, order, mailoutbox, slices
):
    for _ in range(2):
        bought(showing)
    had(mailoutbox)
    postpone(event)
    run_job(job_id=news().get().pk, generation=0)
    run_job(job_id=Job.objects.get(key__startswith="mail:orders.postponed:").pk, generation=0)
    assert words_in(mailoutbox) == [POSTPONED]
    refund = approved(order, None)
    refuse(refund)
    had(mailoutbox)
    two_months_pass()

    give_up(refund)

    assert words_in(had(mailoutbox)) == []


def test_an_approval_that_is_taken_back_is_no_other_case(event, order, mailoutbox):
    refund = approved(order, None)
    postpone(event)
    run_job(job_id=news().get().pk, generation=0)  # and not yet the one that pays back
    override_refund(refund_id=refund.pk, percentage=0, by=new_admin(), note="Too late.")

    assert words_in(had(mailoutbox)) == [POSTPONED]


def test_where_nothing_became_of_the_date_nothing_is_told(order, refund, mailoutbox):
    give_up(refund)

    assert not news().exists()
    assert words_in(had(mailoutbox)) == []


def test_another_percentage_gives_no_tickets_back_and_tells_no_date(event, order, mailoutbox):
    refund = approved(order, None)
    postpone(event)

    override_refund(refund_id=refund.pk, percentage=100, by=new_admin(), note="Our fault.")

    assert words_in(had(mailoutbox)) == []


def test_another_percentage_keeps_no_date_from_whom_the_provider_refuses(event, order, mailoutbox):
    refund = approved(order, None)
    [before] = set(order.tickets.values_list("refund_approved_at", flat=True))
    postpone(event)
    run_job(job_id=news().get().pk, generation=0)  # and not yet the one that pays back
    override_refund(refund_id=refund.pk, percentage=90, by=new_admin(), note="Our fault.")
    assert set(order.tickets.values_list("refund_approved_at", flat=True)) == {before}
    refuse(refund)
    assert words_in(had(mailoutbox)) == []

    give_up(refund)

    assert words_in(had(mailoutbox)) == [POSTPONED]
    assert_all_is_well()


def test_a_fraud_that_was_none_keeps_it_back_until_it_is_cleared(event, order, refund, mailoutbox):
    postpone(event)
    had(mailoutbox)
    confirm_fraud(event)
    give_up(refund)
    assert words_in(had(mailoutbox)) == []

    clear_of_fraud(event)

    assert words_in(had(mailoutbox)) == [POSTPONED]


@pytest.fixture
def tonight(event):
    return ShowingFactory(
        event=event, starts_at=from_now(hours=2), ticket_sale_start=from_now(days=-9)
    )


@pytest.fixture
def refund_of_used(event, tonight, mailoutbox):
    """Of an order whose customer was in, as their night was broken off; the provider refused."""
    order = bought(tonight)
    check_in(code=order.tickets.get().code, by=new_admin(), showing_id=tonight.pk)
    postpone(event)
    had(mailoutbox)
    refund = ask(order, reason=Reason.POSTPONED)
    approve_refund(refund_id=refund.pk, by=new_admin())
    refuse(refund)
    return refund


def test_who_was_in_before_is_let_in_on_the_other_date(event, tonight, refund_of_used, mailoutbox):
    move_to(tonight)
    reinstate(event)
    had(mailoutbox)
    assert Ticket.objects.get().status == "used"

    give_up(refund_of_used)
    had(mailoutbox)

    assert Ticket.objects.get().status == "active"
    assert_all_is_well()


def test_who_was_in_before_is_let_in_on_an_other_date_that_was_put_off_and_holds_after_all(
    event, tonight, refund_of_used, mailoutbox
):
    move_to(tonight)
    reinstate(event)
    postpone(event)
    had(mailoutbox)
    give_up(refund_of_used)
    had(mailoutbox)

    reinstate(event)
    had(mailoutbox)

    assert Ticket.objects.get().status == "active"
    assert_all_is_well()
