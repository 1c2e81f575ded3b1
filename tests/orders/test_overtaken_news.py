"""News of dates that come late, twice or in slices: nobody is told twice, or anything wrong."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Job
from jobs.outbox import handler_of
from jobs.services import run_job
from tests.factories import from_now
from tests.orders.closing import call_off, clear_of_fraud, confirm_fraud, postpone
from tests.orders.dates import (
    LATER_DATE,
    NEW_DATE,
    NO_DATE_YET,
    bought,
    date_of,
    had,
    move_later,
    move_to,
    news,
    reinstate,
)
from tests.ticketing.event_states import move
from ticketing.models import Showing

TELLING = import_module("orders.services.tell_of_dates")  # the package has its function so named


@pytest.mark.parametrize("decide", [postpone, move_to, reinstate])
def test_a_job_that_is_repeated_tells_nobody_twice(event, showing, mailoutbox, decide):
    bought(showing)
    if decide != postpone:
        postpone(event)
    had(mailoutbox)
    decide(showing if decide == move_to else event)
    assert len(had(mailoutbox)) == 1

    for _ in range(2):
        handler_of("ticketing.dates_news")(**news().latest("pk").payload)

    assert had(mailoutbox) == []


def test_news_that_were_overtaken_tell_nothing(event, showing, mailoutbox):
    bought(showing)
    had(mailoutbox)

    postpone(event)
    move_to(showing)
    reinstate(event)

    [mail] = had(mailoutbox)
    assert mail.subject == "Đêm nhạc Trịnh takes place after all"
    assert NEW_DATE in mail.body


def test_of_two_new_dates_the_last_is_told(event, showing, mailoutbox):
    bought(showing)
    postpone(event)
    had(mailoutbox)

    move_to(showing)
    move_later(showing)

    [mail] = had(mailoutbox)
    assert f"The new date: {LATER_DATE}" in mail.body
    assert NEW_DATE not in mail.body


def test_an_event_that_is_postponed_again_is_told_as_that(event, showing, mailoutbox):
    bought(showing)
    postpone(event)
    first = news().get()
    move_to(showing)
    reinstate(event)
    had(mailoutbox)
    postpone(event)

    handler_of("ticketing.dates_news")(**first.payload)

    [mail] = had(mailoutbox)
    assert f"It does not take place on {NEW_DATE}." in mail.body
    assert NO_DATE_YET in mail.body


def test_a_new_date_is_not_told_once_that_is_put_off_too(event, showing, mailoutbox):
    bought(showing)
    postpone(event)
    move_to(showing)
    moved = news().latest("pk")
    reinstate(event)
    had(mailoutbox)
    postpone(event)

    handler_of("ticketing.dates_news")(**moved.payload)  # it was given up, and is tried again

    [mail] = had(mailoutbox)
    assert mail.subject == "Đêm nhạc Trịnh is postponed"
    assert f"It does not take place on {NEW_DATE}." in mail.body


def test_a_postponement_that_is_told_late_tells_the_new_date_too(event, showing, mailoutbox):
    bought(showing)
    had(mailoutbox)
    old = date_of(showing)
    postpone(event)
    move_to(showing)

    handler_of("ticketing.dates_news")(**news().earliest("pk").payload)

    mail = Job.objects.get(key__startswith="mail:orders.postponed:")
    body = mail.payload["message"]["body"]
    assert f"It does not take place on {old}." in body
    assert f"The new date: {NEW_DATE}" in body
    assert NO_DATE_YET not in body


@pytest.mark.parametrize("stop", [call_off, confirm_fraud])
def test_of_an_event_that_was_called_off_meanwhile_no_date_is_told(
    event, showing, mailoutbox, stop
):
    bought(showing)
    had(mailoutbox)
    postpone(event)
    move_to(showing)
    stop(event)

    for job in news():
        handler_of("ticketing.dates_news")(**job.payload)

    assert not Job.objects.filter(key__regex=r"mail:orders\.(postponed|moved)").exists()


def news_in(mails):
    """What they say of dates; those of a fraud and its refunds left out."""
    return [
        (mail.to[0], word)
        for mail in mails
        for word in ("is postponed", "has a new date", "takes place after all")
        if word in mail.subject
    ]


@pytest.mark.parametrize(
    ("decide", "word"),
    [(postpone, "is postponed"), (move_to, "has a new date"), (reinstate, "takes place after all")],
)
def test_what_came_while_a_fraud_was_confirmed_is_told_once_that_is_cleared(
    event, showing, mailoutbox, decide, word
):
    order = bought(showing)
    if decide != postpone:
        postpone(event)
    had(mailoutbox)
    decide(showing if decide == move_to else event)
    confirm_fraud(event)
    assert news_in(had(mailoutbox)) == []

    clear_of_fraud(event)

    assert news_in(had(mailoutbox)) == [(order.email, word)]


def test_news_that_find_the_event_off_while_it_is_cleared_are_told(event, showing, mailoutbox):
    order = bought(showing)
    had(mailoutbox)
    postpone(event)
    confirm_fraud(event)
    job = news().get()
    handler_of(job.topic)(**job.payload)  # it found the event off, and its end is not recorded yet

    clear_of_fraud(event)
    Job.objects.filter(pk=job.pk).update(status="done", finished_at=from_now())

    assert news_in(had(mailoutbox)) == [(order.email, "is postponed")]


def test_who_was_told_before_the_fraud_is_not_told_again(event, showing, mailoutbox, monkeypatch):
    monkeypatch.setattr(TELLING, "AT_ONCE", 1)
    orders = [bought(showing) for _ in range(3)]
    had(mailoutbox)
    postpone(event)
    handler_of("ticketing.dates_news")(**news().get().payload)
    mail = Job.objects.get(key__startswith="mail:orders.postponed:")
    run_job(job_id=mail.pk, generation=mail.generation)
    confirm_fraud(event)
    told = news_in(had(mailoutbox))
    assert told == [(orders[0].email, "is postponed")]

    clear_of_fraud(event)

    told += news_in(had(mailoutbox))
    assert told == [(order.email, "is postponed") for order in orders]


def test_old_news_are_not_told_anew_after_a_fraud(event, showing, mailoutbox):
    bought(showing)
    postpone(event)
    had(mailoutbox)
    reinstate(event)
    had(mailoutbox)
    bought(showing)
    had(mailoutbox)
    before = news().count()

    confirm_fraud(event)
    had(mailoutbox)
    clear_of_fraud(event)

    assert news().count() == before
    assert news_in(had(mailoutbox)) == []


@pytest.mark.parametrize("decide", [move_to, reinstate])
def test_a_date_that_passed_while_a_fraud_was_confirmed_is_not_told_any_more(
    event, showing, mailoutbox, decide
):
    bought(showing)
    postpone(event)
    had(mailoutbox)
    decide(showing if decide == move_to else event)
    confirm_fraud(event)
    had(mailoutbox)
    start = from_now(hours=-3)
    Showing.objects.update(starts_at=start, ends_at=from_now(hours=-1))
    dates = {str(showing.pk): showing.local(start)}  # as if it had been told when it was to come
    payload = news().latest("pk").payload | {"dates": dates}
    Job.objects.filter(pk=news().latest("pk").pk).update(payload=payload)

    clear_of_fraud(event)

    assert news_in(had(mailoutbox)) == []


def test_a_suspicion_alone_keeps_no_news_back_and_repeats_none(event, showing, mailoutbox):
    order = bought(showing)
    had(mailoutbox)
    postpone(event)
    move(event, "investigate")
    assert news_in(had(mailoutbox)) == [(order.email, "is postponed")]

    clear_of_fraud(event)

    assert news().count() == 1
    assert news_in(had(mailoutbox)) == []


def test_many_orders_are_told_some_at_a_time(event, showing, mailoutbox, monkeypatch):
    monkeypatch.setattr(TELLING, "AT_ONCE", 2)
    orders = [bought(showing) for _ in range(5)]
    had(mailoutbox)
    postpone(event)

    handler_of("ticketing.dates_news")(**news().get().payload)
    assert Job.objects.filter(key__startswith="mail:orders.postponed").count() == 2
    assert news().latest("pk").payload["after"] == orders[1].pk

    assert [mail.to for mail in had(mailoutbox)] == [[order.email] for order in orders]
    assert news().count() == 3


def test_a_crash_between_two_slices_loses_and_repeats_nothing(
    event, showing, mailoutbox, monkeypatch
):
    monkeypatch.setattr(TELLING, "AT_ONCE", 2)
    orders = [bought(showing) for _ in range(3)]
    had(mailoutbox)
    postpone(event)
    first = news().get()

    def crash(messages):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TELLING, "queue_mails", crash)
        with pytest.raises(KeyboardInterrupt):
            handler_of("ticketing.dates_news")(**first.payload)
    handler_of("ticketing.dates_news")(**first.payload)  # its end was not recorded

    assert [mail.to for mail in had(mailoutbox)] == [[order.email] for order in orders]
    assert news().count() == 2


def test_a_decision_in_the_middle_ends_what_it_makes_untrue(
    event, showing, mailoutbox, monkeypatch
):
    monkeypatch.setattr(TELLING, "AT_ONCE", 1)
    for _ in range(3):
        bought(showing)
    had(mailoutbox)
    postpone(event)
    handler_of("ticketing.dates_news")(**news().get().payload)
    reinstate(event)

    told = [mail.subject.removeprefix("Đêm nhạc Trịnh ") for mail in had(mailoutbox)]

    assert told == ["takes place after all"] * 3


def test_who_buys_while_many_are_told_that_it_takes_place_is_not_told_as_well(
    event, showing, mailoutbox, monkeypatch
):
    monkeypatch.setattr(TELLING, "AT_ONCE", 1)
    orders = [bought(showing) for _ in range(2)]
    postpone(event)
    had(mailoutbox)
    reinstate(event)
    run_job(job_id=news().latest("pk").pk, generation=0)
    bought(showing, created_at=from_now())

    told = news_in(had(mailoutbox))

    assert told == [(order.email, "takes place after all") for order in orders]


def test_the_cost_of_telling_an_order_does_not_grow_with_the_others(event, showing, mailoutbox):
    for _ in range(3):
        bought(showing)
    postpone(event)
    job = news().get()
    with CaptureQueriesContext(
        connection,
    ) as few:
        handler_of("ticketing.dates_news")(**job.payload)
    Job.objects.filter(key__startswith="mail:orders.postponed").delete()
    for _ in range(12):
        bought(showing)

    with CaptureQueriesContext(connection) as many:
        handler_of("ticketing.dates_news")(**job.payload)

    assert Job.objects.filter(key__startswith="mail:orders.postponed").count() == 15
    assert len(many) == len(few) <= 10
