"""Whoever has a ticket is told when its event is put off, gets another date, or takes place."""

from __future__ import annotations

from orders import operations
from payments.services import settle_order
from tests.back_office.timelines import story
from tests.back_office.workbench import evening, event_fields, page_of
from tests.factories import PaymentFactory, ShowingFactory, from_now, placed_order, seats_in_area
from tests.orders.closing import call_ipn, postpone, run_all
from tests.orders.dates import (
    NEW_DATE,
    NO_AREAS,
    NO_DATE_YET,
    admin,
    bought,
    date_of,
    give_back,
    had,
    move_to,
    news,
    reinstate,
    texts_of,
)
from tests.payments.vnpay_calls import success
from tests.ticketing.event_states import event_in
from ticketing.models import Showing

REFUND_OFFERED = "ask for a refund on the page of your order while the event is postponed"


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


def test_a_new_date_on_the_page_of_the_event_is_news_too(event, showing, mailoutbox):
    order = bought(showing)
    unsold = ShowingFactory(event=event)
    had(mailoutbox)
    postpone(event)
    had(mailoutbox)
    rows = [{**evening(), "id": each.pk, "event": event.pk} for each in (showing, unsold)]
    form = event_fields(event.organizer, *rows, initial=2, slug=event.slug, title=event.title)

    assert admin().post(page_of(event), form).status_code == 302

    assert news().count() == 2
    [mail] = had(mailoutbox)
    assert mail.to == [order.email]
    assert f"The new date: {NEW_DATE}" in mail.body


def test_whoever_sets_the_date_knows_that_people_are_told(event, showing):
    told = "Whoever has a ticket is told by mail once another time is saved."
    browser = admin()
    assert told not in browser.get(page_of(showing)).content.decode()

    postpone(event)

    assert told in browser.get(page_of(showing)).content.decode()


def test_the_timeline_of_the_order_has_these_mails(event, showing):
    order = bought(showing)
    postpone(event)
    move_to(showing)
    run_all()
    reinstate(event)
    run_all()

    mails = [line for line in story(admin(), order) if "Mail to" in line]

    for subject in ("is postponed", "has a new date", "takes place after all"):
        assert any(subject in line for line in mails)


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


def test_each_postponement_is_told(event, showing, mailoutbox):
    bought(showing)
    had(mailoutbox)

    for step in (postpone, reinstate, postpone, reinstate):
        step(event)
        assert len(had(mailoutbox)) == 1


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
        "Đêm nhạc Trịnh vẫn sẽ diễn ra",
    ]
    assert all("Vé của bạn" in mail.body for mail in told)
    assert all('<html lang="vi">' in texts_of(mail)[1] for mail in told)


def test_who_has_no_ticket_that_lets_anybody_in_is_told_nothing(event, showing, mailoutbox):
    # Waits for payment.
    placed_order(seats_in_area(1, showing=showing), payment_started_at=from_now())
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
    had(mailoutbox)
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


def test_nothing_is_told_of_a_change_that_was_refused(event, showing):
    bought(showing)
    postpone(event)

    answer = admin().post(page_of(showing), evening(ends_at="2099-03-05T19:00") | NO_AREAS)

    assert answer.status_code == 200
    assert Showing.objects.get().starts_at == showing.starts_at
    assert news().count() == 1
