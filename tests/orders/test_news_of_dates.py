"""Whoever has a ticket is told when its event is put off, gets another date, or takes place."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Job
from jobs.outbox import handler_of
from orders import operations
from orders.models import Order
from payments.services import settle_order
from tests.back_office.workbench import evening, page_of
from tests.factories import (
    PaymentFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    seats_in_area,
)
from tests.orders.closing import call_ipn, call_off, confirm_fraud, postpone, run_all
from tests.payments.vnpay_calls import success
from tests.ticketing.event_states import event_in, new_admin
from ticketing import services
from ticketing.models import Showing

TELLING = import_module("orders.services.tell_of_dates")  # the package has its function so named
NEW_DATE, LATER_DATE = "2099-03-05 20:00 (Asia/Ho_Chi_Minh)", "2099-04-05 20:00 (Asia/Ho_Chi_Minh)"
NO_DATE_YET = "There is no new date yet."
REFUND_OFFERED = "ask for a refund on the page of your order while the event is postponed"


@pytest.fixture
def showing(event):
    return ShowingFactory(event=event)


def news():
    return Job.objects.filter(topic="ticketing.dates_news")


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


def move_to(showing, **times):
    """On its page in the back office."""
    client = Client()
    client.force_login(new_admin())
    no_areas = {"areas-TOTAL_FORMS": 0, "areas-INITIAL_FORMS": 0}
    assert client.post(page_of(showing), evening(**times) | no_areas).status_code == 302


def move_later(showing):
    move_to(showing, starts_at="2099-04-05T20:00", ends_at="2099-04-05T22:30")


def reinstate(event):
    services.reinstate_event(event_id=event.pk, by=new_admin(), reason="He is well.")


def date_of(showing):
    return showing.local(showing.starts_at)


def texts_of(mail):
    [(html, _)] = mail.alternatives
    return mail.body, html


def test_buyers_are_told_that_their_event_is_postponed(event, showing, mailoutbox):
    orders = [bought(showing), bought(showing)]
    had(mailoutbox)

    postpone(event)

    mails = had(mailoutbox)
    assert [mail.to for mail in mails] == [[order.email] for order in orders]
    for mail, order in zip(mails, orders, strict=True):
        assert mail.subject == "Đêm nhạc Trịnh is postponed"
        for text in texts_of(mail):
            assert f"It does not take place on {date_of(showing)}. " in text
            assert "Your tickets stay valid for the new date." in text
            assert NO_DATE_YET in text
            assert f"/orders/{order.code}/" in text
        assert REFUND_OFFERED in mail.body


def test_buyers_are_told_of_the_new_date_of_a_postponed_event(event, showing, mailoutbox):
    order, old = bought(showing), date_of(showing)
    postpone(event)
    had(mailoutbox)

    move_to(showing)

    [mail] = had(mailoutbox)
    assert (mail.to, mail.subject) == ([order.email], "Đêm nhạc Trịnh has a new date")
    for text in texts_of(mail):
        assert f"The new date: {NEW_DATE}" in text
        assert f"You bought your tickets for {old}." in text
        assert "Your tickets stay valid for the new date." in text
        assert f"/orders/{order.code}/" in text
    assert REFUND_OFFERED in mail.body


def test_buyers_are_told_that_it_takes_place_after_all(event, showing, mailoutbox):
    order, old = bought(showing), date_of(showing)
    postpone(event)
    move_to(showing)
    had(mailoutbox)

    reinstate(event)

    [mail] = had(mailoutbox)
    assert (mail.to, mail.subject) == ([order.email], "Đêm nhạc Trịnh takes place after all")
    for text in texts_of(mail):
        assert f"It takes place on {NEW_DATE}." in text
        assert f"You bought your tickets for {old}." in text
        assert "Your tickets are valid." in text
        assert f"/orders/{order.code}/" in text
    assert "ask for a refund" not in mail.body


def test_an_event_on_its_old_date_has_no_other_to_tell(event, showing, mailoutbox):
    bought(showing)
    postpone(event)
    had(mailoutbox)

    reinstate(event)

    [mail] = had(mailoutbox)
    assert f"It takes place on {date_of(showing)}." in mail.body
    assert "You bought" not in mail.body


def test_a_vietnamese_buyer_is_told_in_vietnamese(event, showing, mailoutbox):
    bought(showing, language="vi")
    had(mailoutbox)

    postpone(event)
    told = had(mailoutbox)
    move_to(showing)
    told += had(mailoutbox)
    reinstate(event)
    told += had(mailoutbox)

    assert [mail.subject for mail in told] == [
        "Đêm nhạc Trịnh bị hoãn",
        "Đêm nhạc Trịnh có ngày mới",
        "Đêm nhạc Trịnh sẽ được tổ chức",
    ]
    assert all("Vé của bạn" in mail.body for mail in told)
    assert all('<html lang="vi">' in texts_of(mail)[1] for mail in told)


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


def test_who_has_no_ticket_that_lets_anybody_in_is_told_nothing(event, showing, mailoutbox):
    placed_order(seats_in_area(1, showing=showing))  # waits for payment
    cancelled = placed_order(seats_in_area(1, showing=showing))
    operations.cancel([cancelled], by=None, at=from_now(), reason="The test does it.")
    given_back, partly = bought(showing), bought(showing, count=2)
    give_back(given_back, given_back.tickets.all(), "refund")
    give_back(partly, partly.tickets.all()[:1], "refund_partly")
    on_its_way = bought(showing)
    on_its_way.tickets.update(refund_approved_at=from_now())
    bought(ShowingFactory())  # of another event
    had(mailoutbox)

    postpone(event)

    assert [mail.to for mail in had(mailoutbox)] == [[partly.email]]


def test_only_the_buyers_of_showings_that_are_moved_or_to_come_are_told(event, mailoutbox):
    over = ShowingFactory(
        event=event, ticket_sale_start=from_now(days=-9), starts_at=from_now(days=-2)
    )
    moved, unmoved = ShowingFactory(event=event), ShowingFactory(event=event)
    orders = {each: bought(each) for each in (over, moved, unmoved)}
    had(mailoutbox)

    postpone(event)
    assert [m.to for m in had(mailoutbox)] == [[orders[moved].email], [orders[unmoved].email]]
    move_to(moved)
    assert [m.to for m in had(mailoutbox)] == [[orders[moved].email]]
    reinstate(event)
    assert [m.to for m in had(mailoutbox)] == [[orders[moved].email], [orders[unmoved].email]]


def test_other_times_than_the_beginning_are_no_news(event, showing, mailoutbox):
    bought(showing)
    postpone(event)
    move_to(showing)
    had(mailoutbox)

    move_to(showing, ends_at="2099-03-05T23:00", ticket_sale_end="2099-03-05T19:00")

    assert had(mailoutbox) == []
    assert news().count() == 2


def test_a_draft_or_what_nobody_plans_has_nobody_to_tell():
    draft, empty = ShowingFactory(event=event_in("draft")), event_in("published")

    move_to(draft)
    postpone(empty)

    assert not news().exists()


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

    assert sorted(told) == ["is postponed"] + ["takes place after all"] * 3


def test_whoever_pays_while_it_is_postponed_hears_of_it_with_the_tickets(
    event, showing, mailoutbox
):
    payment = PaymentFactory(order=placed_order(seats_in_area(1, showing=showing)))
    postpone(event)
    had(mailoutbox)

    assert call_ipn(success(payment)) == "00"
    settle_order(order_id=payment.order_id)

    [mail] = [each for each in had(mailoutbox) if "Your tickets for" in each.subject]
    for text in texts_of(mail):
        assert "This event is postponed." in text


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


def test_nothing_is_told_of_a_change_that_was_refused(event, showing):
    bought(showing)
    postpone(event)
    client = Client()
    client.force_login(new_admin())
    no_areas = {"areas-TOTAL_FORMS": 0, "areas-INITIAL_FORMS": 0}

    answer = client.post(page_of(showing), evening(ends_at="2099-03-05T19:00") | no_areas)

    assert answer.status_code == 200
    assert Showing.objects.get().starts_at == showing.starts_at
    assert news().count() == 1
