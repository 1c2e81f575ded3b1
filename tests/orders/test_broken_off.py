"""A night that is broken off: whoever was in is told like everybody else, and let in once more."""

from __future__ import annotations

import pytest
from django_fsm_log.models import StateLog

from jobs.outbox import handler_of
from orders.errors import AlreadyCheckedIn
from orders.models import Ticket
from orders.pages.door.attendance import attendance_by_area, whole
from orders.services import check_in
from tests.factories import ShowingFactory, from_now
from tests.orders.closing import assert_all_is_well, clear_of_fraud, confirm_fraud, postpone
from tests.orders.dates import NEW_DATE, bought, had, move_later, move_to, news, reinstate, texts_of
from tests.pages.my_pages import page_of, text_of
from tests.ticketing.event_states import new_admin
from ticketing.models import Showing

IN_ALREADY = "Your tickets were used at the door already"


@pytest.fixture
def tonight(event):
    """It has begun."""
    return ShowingFactory(
        event=event,
        ticket_sale_start=from_now(days=-9),
        ticket_sale_end=from_now(hours=1),
        starts_at=from_now(hours=-1),
    )


@pytest.fixture
def order(tonight):
    """Of two people who are in."""
    order = bought(tonight, count=2)
    let_in(*order.tickets.all())
    return order


def let_in(*tickets):
    for ticket in tickets:
        check_in(code=ticket.code, by=new_admin(), showing_id=ticket.showing_id)


def bring(showing, **times):
    """The night of its new date has come."""
    Showing.objects.filter(pk=showing.pk).update(starts_at=from_now(hours=1), **times)


def states(order):
    return [(each.status, each.used_at, each.used_by_scan) for each in order.tickets.all()]


NOT_USED = [("active", None, None)] * 2


def test_who_was_in_hears_of_the_postponement_and_the_new_date(event, tonight, order, mailoutbox):
    had(mailoutbox)

    told = []
    for step, of in [(postpone, event), (move_to, tonight), (reinstate, event)]:
        step(of)
        told += had(mailoutbox)

    assert [(mail.to, mail.subject) for mail in told] == [
        ([order.email], "Đêm nhạc Trịnh is postponed"),
        ([order.email], "Đêm nhạc Trịnh has a new date"),
        ([order.email], "Đêm nhạc Trịnh takes place after all"),
    ]
    assert "ask for a refund on the page of your order" in told[0].body
    assert NEW_DATE in told[2].body
    assert "Your tickets are valid." in told[2].body
    assert_all_is_well()


def test_who_was_in_is_let_in_on_the_other_date_once(event, tonight, order):
    postpone(event)
    move_to(tonight)
    reinstate(event)
    handler_of("ticketing.dates_news")(**news().latest("pk").payload)
    assert states(order) == NOT_USED
    assert whole(attendance_by_area(tonight)).inside == 0

    bring(tonight)
    let_in(*order.tickets.all())

    for ticket in order.tickets.all():
        with pytest.raises(AlreadyCheckedIn):
            let_in(ticket)
    assert whole(attendance_by_area(tonight)).inside == 2
    assert_all_is_well()


def test_who_came_while_it_was_being_postponed_is_let_in_on_the_other_date(
    event, tonight, order, mailoutbox
):
    postpone(event)
    # Whoever scanned them saw no postponement yet: it was not kept before.
    order.tickets.update(used_at=from_now())

    for move in (move_to, move_later):
        move(tonight)
        reinstate(event)
        had(mailoutbox)
        assert states(order) == NOT_USED
        postpone(event)


def test_the_log_says_why_they_are_let_in_once_more(event, tonight, order, mailoutbox):
    postpone(event)
    move_to(tonight)
    reinstate(event)
    had(mailoutbox)

    rows = StateLog.objects.filter(transition="readmit")
    assert {row.object_id for row in rows} == set(order.tickets.values_list("pk", flat=True))
    assert {(row.by, row.source_state, row.state, row.description) for row in rows} == {
        (None, "used", "active", "It takes place on another date.")
    }


def test_a_job_that_is_repeated_lets_nobody_in_a_third_time(event, tonight, order, mailoutbox):
    postpone(event)
    move_to(tonight)
    reinstate(event)
    had(mailoutbox)
    let_in_early = order.tickets.first()
    check_in(code=let_in_early.code, by=new_admin())  # not at a door, and long before it opens
    before = states(order)

    handler_of("ticketing.dates_news")(**news().latest("pk").payload)

    assert states(order) == before
    assert StateLog.objects.filter(transition="readmit").count() == 2


def test_on_the_same_date_who_is_in_is_in(event, tonight, order, mailoutbox):
    before = states(order)
    postpone(event)
    had(mailoutbox)

    reinstate(event)

    [mail] = had(mailoutbox)
    assert states(order) == before
    for text in texts_of(mail):
        assert IN_ALREADY in text
        assert "Your tickets are valid." not in text
    assert whole(attendance_by_area(tonight)).inside == 2


def test_who_is_in_is_told_so_in_vietnamese(event, tonight, mailoutbox):
    order = bought(tonight, language="vi")
    let_in(*order.tickets.all())
    postpone(event)
    had(mailoutbox)

    reinstate(event)

    [mail] = had(mailoutbox)
    assert "Vé của bạn đã được dùng ở cửa vào nên không cho ai vào lần thứ hai." in mail.body


def test_who_is_in_is_told_in_vietnamese_when_they_are_let_in_once_more(event, tonight, mailoutbox):
    order = bought(tonight, language="vi")
    let_in(*order.tickets.all())
    had(mailoutbox)

    postpone(event)

    [mail] = had(mailoutbox)
    assert "Vé sẽ cho bạn vào thêm một lần nữa vào ngày mới" in mail.body


def test_a_few_hours_later_in_the_same_night_who_is_in_is_in(event, tonight, order, mailoutbox):
    before = states(order)
    postpone(event)
    Showing.objects.update(starts_at=from_now(hours=2), ends_at=from_now(hours=4))
    had(mailoutbox)

    reinstate(event)

    [mail] = had(mailoutbox)
    assert IN_ALREADY in mail.body
    assert states(order) == before


def test_in_the_evening_instead_of_the_morning_they_are_let_in_once_more(
    event, tonight, order, mailoutbox
):
    postpone(event)
    Showing.objects.update(starts_at=from_now(hours=9), ends_at=from_now(hours=11))
    had(mailoutbox)

    reinstate(event)

    [mail] = had(mailoutbox)
    assert "Your tickets are valid." in mail.body
    assert states(order) == NOT_USED
    let_in(*order.tickets.all())


STAY, ONCE_MORE = "Your tickets stay valid for the new date.", "They let you in once more"


def test_who_is_in_is_promised_no_more_than_the_door_keeps(
    event, tonight, order, mailoutbox, client
):
    had(mailoutbox)
    client.force_login(order.customer)
    postpone(event)
    told = had(mailoutbox)
    move_to(tonight)
    told += had(mailoutbox)

    page = text_of(client.get(page_of(order)))
    assert len(told) == 2
    for text in [*texts_of(told[0]), *texts_of(told[1]), page]:
        assert STAY not in text
        assert f"{IN_ALREADY}. {ONCE_MORE}" in text
        assert "ask for a refund" in text


def test_who_has_a_ticket_to_use_is_promised_the_new_date(event, tonight, mailoutbox, client):
    order = bought(tonight, count=2)
    let_in(order.tickets.first())
    had(mailoutbox)
    client.force_login(order.customer)
    postpone(event)
    [mail] = had(mailoutbox)

    for text in [*texts_of(mail), text_of(client.get(page_of(order)))]:
        assert f"{STAY} Those that were used at the door let you in once more then, unless" in text
        assert IN_ALREADY not in text


def test_who_has_a_ticket_to_use_is_told_that_the_used_one_lets_nobody_in_hours_later(
    event, tonight, mailoutbox
):
    order = bought(tonight, count=2)
    let_in(order.tickets.first())
    postpone(event)
    Showing.objects.update(starts_at=from_now(hours=2), ends_at=from_now(hours=4))
    had(mailoutbox)

    reinstate(event)

    [mail] = had(mailoutbox)
    for text in texts_of(mail):
        assert "Your tickets are valid." in text
        assert "Those that were used at the door let nobody in a second time." in text


def test_who_has_used_no_ticket_reads_of_none_that_was(event, tonight, mailoutbox, client):
    order = bought(tonight, count=2)
    client.force_login(order.customer)
    had(mailoutbox)
    postpone(event)
    told = had(mailoutbox)
    page = text_of(client.get(page_of(order)))
    reinstate(event)
    told += had(mailoutbox)

    assert len(told) == 2
    for text in [*texts_of(told[0]), *texts_of(told[1]), page]:
        assert "used at the door" not in text


def test_who_came_on_the_second_date_stays_in_when_that_is_interrupted(
    event, tonight, order, mailoutbox
):
    postpone(event)
    move_to(tonight)
    reinstate(event)
    had(mailoutbox)
    bring(tonight, ends_at=from_now(hours=3))
    let_in(*order.tickets.all())
    before = states(order)

    postpone(event)
    reinstate(event)
    had(mailoutbox)

    assert states(order) == before


def test_who_came_early_to_a_date_that_holds_after_all_stays_in(event, tonight, mailoutbox):
    order = bought(tonight, count=2)
    postpone(event)
    move_to(tonight)
    reinstate(event)
    had(mailoutbox)
    for ticket in order.tickets.all():
        check_in(code=ticket.code, by=new_admin())  # not at a door, and long before it opens
    before = states(order)

    postpone(event)
    reinstate(event)

    [*_, mail] = had(mailoutbox)
    assert states(order) == before
    assert IN_ALREADY in mail.body
    assert StateLog.objects.filter(transition="readmit").count() == 0


def test_who_was_in_on_an_earlier_date_is_let_in_on_the_one_they_bought(event, mailoutbox):
    showing = ShowingFactory(event=event)
    first = showing.starts_at
    order = bought(showing, count=2)
    postpone(event)
    bring(showing)
    reinstate(event)
    had(mailoutbox)
    let_in(*order.tickets.all())

    postpone(event)
    Showing.objects.update(starts_at=first)
    reinstate(event)
    had(mailoutbox)

    assert states(order) == NOT_USED


def test_who_was_in_is_let_in_although_it_took_years_to_find_a_date(
    event, tonight, order, mailoutbox
):
    postpone(event)
    had(mailoutbox)
    news().delete()
    assert not news().exists()

    move_to(tonight)
    reinstate(event)
    had(mailoutbox)

    assert states(order) == NOT_USED


def test_a_second_other_date_lets_them_in_as_the_first_did(event, tonight, order, mailoutbox):
    for move in (move_to, move_later):
        postpone(event)
        move(tonight)
        reinstate(event)
        had(mailoutbox)
        assert states(order) == NOT_USED
        bring(tonight, ends_at=from_now(hours=3))
        let_in(*order.tickets.all())

    assert StateLog.objects.filter(transition="readmit").count() == 4


@pytest.mark.parametrize("is_fraud", [False, True])
def test_a_new_date_that_is_put_off_itself_before_anybody_hears_of_it_lets_them_in(
    event, tonight, order, mailoutbox, is_fraud
):
    postpone(event)
    move_to(tonight)
    if is_fraud:
        confirm_fraud(event)
        had(mailoutbox)
    reinstate(event)
    postpone(event)
    had(mailoutbox)
    if is_fraud:
        clear_of_fraud(event)
        had(mailoutbox)
    assert states(order) != NOT_USED

    reinstate(event)

    [mail] = had(mailoutbox)
    assert "Your tickets are valid." in mail.body
    assert states(order) == NOT_USED
    assert_all_is_well()


def test_what_was_given_back_or_is_on_its_way_stays_used(event, tonight, order, mailoutbox):
    order.tickets.update(refund_approved_at=from_now())
    before = states(order)
    postpone(event)
    move_to(tonight)

    reinstate(event)
    had(mailoutbox)

    assert states(order) == before


def test_a_night_that_was_over_lets_nobody_in_once_more(event, tonight, order, mailoutbox):
    Showing.objects.filter(pk=tonight.pk).update(ends_at=from_now(seconds=-1))
    before = states(order)
    ShowingFactory(event=event)
    postpone(event)

    reinstate(event)
    had(mailoutbox)

    assert states(order) == before


def test_of_an_order_only_those_are_let_in_once_more_who_were_in(event, tonight, mailoutbox):
    order = bought(tonight, count=2)
    came, stayed_away = order.tickets.order_by("pk")
    let_in(came)
    postpone(event)
    move_to(tonight)
    reinstate(event)

    had(mailoutbox)

    assert states(order) == NOT_USED
    assert list(StateLog.objects.for_(stayed_away)) == []


def test_after_a_fraud_that_was_none_they_are_let_in_all_the_same(
    event, tonight, order, mailoutbox
):
    postpone(event)
    move_to(tonight)
    reinstate(event)
    confirm_fraud(event)
    had(mailoutbox)
    assert Ticket.objects.filter(status="used").count() == 2

    clear_of_fraud(event)
    had(mailoutbox)

    assert states(order) == NOT_USED
    assert_all_is_well()
