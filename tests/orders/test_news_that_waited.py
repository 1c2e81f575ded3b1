"""News of dates that no mail server takes for a time: what overtook them has the last word."""

from __future__ import annotations

import pytest
from django_fsm_log.models import StateLog

from jobs.models import Job
from tests.back_office.timelines import story
from tests.factories import from_now
from tests.orders.closing import call_off, clear_of_fraud, confirm_fraud, postpone, run_all
from tests.orders.dates import (
    LATER_DATE,
    NEW_DATE,
    admin,
    bought,
    give_back,
    had,
    move_later,
    move_to,
    reinstate,
    then_had,
)
from ticketing.models import Showing

POSTPONED, MOVED = "Đêm nhạc Trịnh is postponed", "Đêm nhạc Trịnh has a new date"
REINSTATED = "Đêm nhạc Trịnh takes place after all"


@pytest.fixture
def order(showing, mailoutbox):
    order = bought(showing)
    had(mailoutbox)
    return order


def undelivered(server, step, of):
    """Decide while no mail gets through."""
    server.go_down()
    step(of)
    run_all()
    server.come_back()


def reason_of(word):
    job = Job.objects.get(key__startswith=f"mail:orders.{word}:")
    return job.status, job.last_error


def test_a_wrong_date_is_not_told_after_the_right_one(event, showing, order, mailoutbox, server):
    postpone(event)
    had(mailoutbox)
    undelivered(server, move_to, showing)

    move_later(showing)

    [mail] = then_had(mailoutbox)
    assert mail.subject == MOVED
    assert f"The new date: {LATER_DATE}" in mail.body


def test_what_takes_place_after_all_is_not_told_to_be_postponed(
    event, showing, order, mailoutbox, server
):
    undelivered(server, postpone, event)

    reinstate(event)

    assert [mail.subject for mail in then_had(mailoutbox)] == [REINSTATED]
    status, why = reason_of("postponed")
    assert status == "done"
    assert why.startswith("Nothing was sent: ")
    assert any(why in line for line in story(admin(), order))


def test_that_there_is_no_new_date_is_not_told_after_the_new_date(
    event, showing, order, mailoutbox, server
):
    undelivered(server, postpone, event)

    move_to(showing)

    [mail] = then_had(mailoutbox)
    assert mail.subject == MOVED
    assert "Your tickets stay valid for the new date." in mail.body


def test_a_date_that_was_called_off_again_is_not_told(event, showing, order, mailoutbox, server):
    postpone(event)
    move_to(showing)
    had(mailoutbox)
    undelivered(server, reinstate, event)

    postpone(event)

    [mail] = then_had(mailoutbox)
    assert mail.subject == POSTPONED
    assert f"It does not take place on {NEW_DATE}." in mail.body


@pytest.mark.parametrize("decide", [move_to, reinstate])
def test_a_date_that_has_passed_is_not_told_any_more(
    event, showing, order, mailoutbox, server, decide
):
    postpone(event)
    had(mailoutbox)
    undelivered(server, decide, showing if decide == move_to else event)
    Showing.objects.update(ends_at=from_now(seconds=-1), starts_at=from_now(hours=-2))

    assert then_had(mailoutbox) == []


@pytest.mark.parametrize("decide", [postpone, move_to, reinstate])
def test_what_is_still_true_is_told_late(event, showing, order, mailoutbox, server, decide):
    if decide != postpone:
        postpone(event)
    had(mailoutbox)

    undelivered(server, decide, showing if decide == move_to else event)

    assert len(then_had(mailoutbox)) == 1
    assert then_had(mailoutbox) == []


def test_that_it_was_put_off_is_told_even_when_its_night_has_passed(
    event, showing, order, mailoutbox, server
):
    start = from_now(hours=-1)
    Showing.objects.update(starts_at=start)
    undelivered(server, postpone, event)
    Showing.objects.update(ends_at=from_now(seconds=-1))

    assert [mail.subject for mail in then_had(mailoutbox)] == [POSTPONED]


def test_who_has_all_the_money_back_is_told_no_date(event, showing, order, mailoutbox, server):
    undelivered(server, postpone, event)

    give_back(order, order.tickets.all(), "refund")

    assert then_had(mailoutbox) == []


def test_whose_money_is_on_its_way_back_is_told_only_if_it_does_not_get_there(
    event, showing, order, mailoutbox, server
):
    undelivered(server, postpone, event)
    order.tickets.update(refund_approved_at=from_now())
    assert then_had(mailoutbox) == []
    assert then_had(mailoutbox) == []

    order.tickets.update(refund_approved_at=None)

    assert [mail.subject for mail in then_had(mailoutbox)] == [POSTPONED]


def test_who_keeps_no_ticket_although_some_money_is_left_is_told_no_date(
    event, showing, order, mailoutbox, server
):
    undelivered(server, postpone, event)

    give_back(order, order.tickets.all(), "refund_partly")

    assert then_had(mailoutbox) == []
    assert reason_of("postponed")[0] == "done"


def test_of_an_event_that_was_called_off_no_date_is_told(event, showing, order, mailoutbox, server):
    postpone(event)
    had(mailoutbox)
    undelivered(server, move_to, showing)

    call_off(event)

    assert MOVED not in [mail.subject for mail in then_had(mailoutbox)]


def test_while_a_fraud_is_confirmed_they_wait_for_it_to_be_cleared(
    event, showing, order, mailoutbox, server
):
    postpone(event)
    had(mailoutbox)
    undelivered(server, move_to, showing)
    confirm_fraud(event)
    assert MOVED not in [mail.subject for mail in then_had(mailoutbox)]

    clear_of_fraud(event)

    assert [mail.subject for mail in then_had(mailoutbox)] == [MOVED]


@pytest.mark.parametrize("decide", [postpone, move_to, reinstate])
def test_what_waited_during_a_fraud_is_told_as_soon_as_that_is_cleared(
    event, showing, order, mailoutbox, server, decide
):
    if decide != postpone:
        postpone(event)
    had(mailoutbox)
    undelivered(server, decide, showing if decide == move_to else event)
    confirm_fraud(event)
    then_had(mailoutbox)

    clear_of_fraud(event)

    assert len(had(mailoutbox)) == 1
    assert then_had(mailoutbox) == []


def test_they_do_not_wait_for_ever_for_a_fraud_to_be_cleared(
    event, showing, order, mailoutbox, server
):
    undelivered(server, postpone, event)
    confirm_fraud(event)
    then_had(mailoutbox)
    assert reason_of("postponed")[0] == "pending"
    StateLog.objects.filter(transition="confirm_fraud").update(timestamp=from_now(days=-366))

    assert then_had(mailoutbox) == []

    status, why = reason_of("postponed")
    assert status == "done"
    assert why.startswith("Nothing was sent: ")
