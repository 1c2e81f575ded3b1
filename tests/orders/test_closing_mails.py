"""What customers are told when orders end because their event is off."""

from __future__ import annotations

import pytest

from jobs.models import Job
from jobs.outbox import handler_of
from orders.handlers import NOTHING_VALID
from orders.models import Order, Ticket
from orders.services import cancel_for_customer, cancel_order, resend_tickets
from orders.services.tell_of_clearing import IT_IS_OFF
from payments.services import settle_order
from tests.factories import (
    EventFactory,
    PaymentFactory,
    ShowingFactory,
    from_now,
    overdue_order,
    paid_order,
    seats_in_area,
)
from tests.orders import dates
from tests.orders.closing import (
    call_off,
    clear_of_fraud,
    confirm_fraud,
    postpone,
    run_all,
    seats_of,
    waiting_order,
)
from tests.orders.dates import had, then_had, two_months_pass
from tests.pages.my_pages import page_of, text_of
from tests.payments.vnpay_calls import IPN, success
from tests.ticketing.event_states import move, new_admin
from ticketing.models import Showing


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        (call_off, "The event was cancelled."),
        (confirm_fraud, "We have stopped the sale of this event to protect its customers."),
    ],
)
def test_customers_are_told_once_that_their_event_is_called_off(event, mailoutbox, stop, told):
    order = waiting_order(event)
    stop(event)

    run_all()
    handler_of("orders.ended")(order_id=order.pk)
    run_all()

    [mail] = mailoutbox
    assert mail.to == [order.email]
    assert mail.subject == f"Đêm nhạc Trịnh is called off: order {order.code} has ended"
    [(html, _)] = mail.alternatives
    for text in (mail.body, html):
        assert f"{told} Your seats are not held any more, and you have nothing to pay." in text
        assert "If money was taken from your account after all, it goes back in full." in text
        assert "(Asia/Ho_Chi_Minh)" in text


def give_back(event):
    order = event.orders.get()
    cancel_order(order_id=order.pk, by=order.customer)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (call_off, "came after its event had been called off, so there are no tickets for it."),
        (give_back, "had ended. Its seats were free for others by then, so there are no tickets"),
    ],
)
def test_whose_money_came_after_the_end_is_told_why_it_goes_back(
    event, mailoutbox, client, end, told
):
    payment = PaymentFactory(order=waiting_order(event))
    end(event)
    run_all()
    had(mailoutbox)

    client.get(f"{IPN}?{success(payment)}")
    run_all()

    [mail] = had(mailoutbox)
    assert mail.subject == f"Your payment for order {payment.order.code} goes back to you"
    [(html, _)] = mail.alternatives
    for text in (mail.body, html):
        assert told in text


def test_a_customer_who_gave_the_seats_back_is_told_nothing_of_the_end(event, mailoutbox):
    order = waiting_order(event)
    cancel_order(order_id=order.pk, by=order.customer)

    call_off(event)
    run_all()

    assert mailoutbox == []


def test_an_order_that_expires_at_an_event_that_is_off_is_not_told_to_order_again(
    event, mailoutbox
):
    order = overdue_order(seats=seats_of(event), payment_started_at=from_now(minutes=-5))
    move(event, "cancel")

    settle_order(order_id=order.pk)
    run_all()

    [mail] = mailoutbox
    assert "is called off" in mail.subject
    assert "place a new order" not in mail.body


def sale_ends(event):
    Showing.objects.filter(event=event).update(ticket_sale_end=from_now(seconds=-1))


@pytest.mark.parametrize(
    ("meanwhile", "is_invited"), [(lambda _: None, True), (sale_ends, False), (postpone, False)]
)
def test_whose_order_expires_is_told_to_order_again_only_while_that_is_possible(
    event, mailoutbox, meanwhile, is_invited
):
    order = overdue_order(seats=seats_of(event))
    meanwhile(event)

    settle_order(order_id=order.pk)
    run_all()

    [mail] = [each for each in mailoutbox if "has expired" in each.subject]
    [(html, _)] = mail.alternatives
    for text in (mail.body, html):
        assert ("You can place a new order" in text) == is_invited
        assert "If money was taken from your account after all, it goes back in full." in text


@pytest.mark.parametrize(
    ("stop", "told", "of_money"),
    [
        (call_off, "The event was cancelled.", "What you paid goes back in full."),
        (
            confirm_fraud,
            "We have stopped the sale of this event to protect its customers.",
            "Every order that is affected is refunded in full by itself;",
        ),
    ],
)
def test_who_pays_while_the_event_is_called_off_gets_no_tickets_by_mail(
    event, mailoutbox, stop, told, of_money
):
    order = paid_order(seats_of(event))
    stop(event)

    handler_of("orders.paid")(order_id=order.pk)
    handler_of("orders.paid")(order_id=order.pk)
    run_all()

    [mail] = [each for each in mailoutbox if "not valid" in each.subject]
    assert mail.subject == (
        f"Đêm nhạc Trịnh is called off: your tickets of order {order.code} are not valid"
    )
    assert mail.attachments == []
    [(html, _)] = mail.alternatives
    for text in (mail.body, html):
        assert f"{told} Your order was completed, but its tickets let nobody in." in text
        assert of_money in text


def test_nothing_is_said_of_money_where_nothing_was_paid(event, mailoutbox):
    order = paid_order(seats_in_area(1, showing=ShowingFactory(event=event), price=0))
    call_off(event)

    handler_of("orders.paid")(order_id=order.pk)
    run_all()

    [mail] = [each for each in mailoutbox if "not valid" in each.subject]
    assert "What you paid" not in mail.body


def cancel_for_them(order):
    reason = "They asked us on the phone."
    cancel_for_customer(order_id=order.pk, by=new_admin(), reason=reason)


def cancel_it(order):
    cancel_order(order_id=order.pk, by=order.customer)


def expire(order):
    Order.objects.filter(pk=order.pk).update(expires_at=from_now(seconds=-1))
    settle_order(order_id=order.pk)


WITH_EVENT = "The event was called off before the order was paid."


@pytest.mark.parametrize(
    ("end", "subject", "why"),
    [
        (cancel_it, None, "The order was cancelled, and its seats are free for others again."),
        (cancel_for_them, "was cancelled", "The order was cancelled,"),
        (expire, "has expired", "We received no payment by"),
    ],
)
@pytest.mark.parametrize("stop", [call_off, confirm_fraud])
def test_an_order_that_had_ended_before_its_event_was_off_keeps_its_reason(
    event, client, mailoutbox, end, subject, why, stop
):
    order = waiting_order(event)
    end(order)
    stop(event)

    run_all()
    client.force_login(order.customer)
    text = text_of(client.get(page_of(order)))

    assert [subject in mail.subject for mail in mailoutbox] == ([True] if subject else [])
    assert why in text
    assert WITH_EVENT not in text


@pytest.mark.parametrize("stop", [call_off, confirm_fraud])
@pytest.mark.parametrize("paying", [{}, {"payment_started_at": from_now(minutes=-5)}])
def test_an_order_that_ends_with_its_event_says_so_by_mail_and_on_its_page(
    event, client, mailoutbox, stop, paying
):
    order = overdue_order(seats=seats_of(event), **paying)
    stop(event)
    client.force_login(order.customer)

    before = text_of(client.get(page_of(order)))
    settle_order(order_id=order.pk)
    run_all()
    after = text_of(client.get(page_of(order)))

    assert Order.objects.get(pk=order.pk).status == "expired"
    [mail] = mailoutbox
    assert "is called off" in mail.subject
    assert WITH_EVENT in after
    assert "free for others" not in after
    assert (WITH_EVENT in before) is (not paying)


@pytest.mark.parametrize("later", [call_off, clear_of_fraud])
def test_what_becomes_of_its_event_later_does_not_change_why_an_order_ended(
    event, client, mailoutbox, later
):
    order = overdue_order(seats=seats_of(event), payment_started_at=from_now(minutes=-5))
    confirm_fraud(event)
    settle_order(order_id=order.pk)

    later(event)
    run_all()
    client.force_login(order.customer)

    [mail] = mailoutbox
    assert "is called off" in mail.subject
    assert WITH_EVENT in text_of(client.get(page_of(order)))


@pytest.mark.parametrize("later", [call_off, confirm_fraud])
def test_an_order_that_expired_after_the_clearing_was_not_paid_in_time(
    event, client, mailoutbox, later
):
    order = waiting_order(event)
    move(event, "investigate")
    move(event, "confirm_fraud")
    clear_of_fraud(event)
    expire(order)

    later(event)
    run_all()
    client.force_login(order.customer)

    [mail] = mailoutbox
    assert "has expired" in mail.subject
    assert "We received no payment by" in text_of(client.get(page_of(order)))


GOOD_AGAIN = "The event is not called off any more, and your tickets are valid again."


def paid_in_vain(event):
    """An order that was paid just before the fraud was confirmed, and whose mail comes after."""
    order = paid_order(seats_of(event))
    confirm_fraud(event)
    run_all()
    return order


@pytest.mark.parametrize("time_passes", [lambda: None, two_months_pass])
def test_whose_tickets_were_called_invalid_gets_them_once_the_event_is_cleared(
    event, mailoutbox, time_passes
):
    order = paid_in_vain(event)
    assert ["not valid" in mail.subject for mail in had(mailoutbox)] == [True]
    time_passes()

    clear_of_fraud(event)

    [mail] = had(mailoutbox)
    assert mail.subject == "Your tickets for Đêm nhạc Trịnh"
    [(html, _)] = mail.alternatives
    for text in (mail.body, html):
        assert GOOD_AGAIN in text
        assert all(ticket.code in text for ticket in order.tickets.all())
    assert [name for name, *_ in mail.attachments] == [f"tickets-{order.code}.pdf"]


@pytest.mark.parametrize("is_put_off", [False, True])
def test_tickets_of_a_night_that_passed_are_sent_only_if_that_was_put_off(
    event, mailoutbox, is_put_off
):
    paid_in_vain(event)
    if is_put_off:
        postpone(event)
    had(mailoutbox)
    Showing.objects.update(starts_at=from_now(hours=-2), ends_at=from_now())

    clear_of_fraud(event)

    told = [GOOD_AGAIN in mail.body for mail in had(mailoutbox)]
    assert any(told) == is_put_off


def test_that_tickets_are_valid_again_is_told_once_for_each_time_they_were_not(event, mailoutbox):
    paid_in_vain(event)
    clear_of_fraud(event)
    [_, again] = had(mailoutbox)
    assert GOOD_AGAIN in again.body
    job = Job.objects.get(topic="ticketing.event_cleared")
    handler_of(job.topic)(**job.payload)
    assert had(mailoutbox) == []

    confirm_fraud(event)
    clear_of_fraud(event)

    assert had(mailoutbox) == []


def test_that_a_fraud_was_confirmed_again_at_once_does_not_leave_them_called_invalid(
    event, mailoutbox
):
    paid_in_vain(event)
    had(mailoutbox)
    clear_of_fraud(event)
    confirm_fraud(event)
    assert had(mailoutbox) == []

    clear_of_fraud(event)

    [mail] = had(mailoutbox)
    assert GOOD_AGAIN in mail.body


def test_that_tickets_are_not_valid_is_not_told_once_they_are_again(event, mailoutbox, server):
    order = paid_order(seats_of(event))
    server.go_down()
    confirm_fraud(event)
    run_all()
    server.come_back()

    clear_of_fraud(event)

    [mail] = then_had(mailoutbox)
    assert GOOD_AGAIN in mail.body
    job = Job.objects.get(key=f"mail:orders.paid_in_vain:{order.pk}")
    assert job.status == "done"
    assert job.last_error.startswith("Nothing was sent: ")


def test_that_tickets_are_valid_again_waits_while_they_are_not(event, mailoutbox, server):
    paid_in_vain(event)
    had(mailoutbox)
    server.go_down()
    clear_of_fraud(event)
    run_all()
    server.come_back()
    confirm_fraud(event)
    assert then_had(mailoutbox) == []

    clear_of_fraud(event)

    [mail] = had(mailoutbox)
    assert GOOD_AGAIN in mail.body
    assert then_had(mailoutbox) == []


def paid_while_no_server_takes_mail(event, server):
    """Its tickets were written into a mail while the event was on."""
    order = paid_order(seats_of(event))
    server.go_down()
    run_all()
    server.come_back()
    return order


def test_tickets_that_no_server_took_wait_while_their_event_is_held_for_a_fraud(
    event, mailoutbox, server
):
    order = paid_while_no_server_takes_mail(event, server)
    confirm_fraud(event)
    assert then_had(mailoutbox) == []

    clear_of_fraud(event)

    [mail] = had(mailoutbox)
    assert mail.subject == "Your tickets for Đêm nhạc Trịnh"
    assert [name for name, *_ in mail.attachments] == [f"tickets-{order.code}.pdf"]


def test_a_refund_that_comes_to_nothing_wakes_no_mail_that_waits_at_another_event(
    event, mailoutbox, server
):
    paid_while_no_server_takes_mail(event, server)
    confirm_fraud(event)
    then_had(mailoutbox)
    waiting = Job.objects.get(last_error=IT_IS_OFF)

    other = paid_in_vain(EventFactory())
    clear_of_fraud(other.event)
    run_all()
    waits_until = Job.objects.filter(pk=waiting.pk).values_list("run_at", flat=True).get()
    handler_of("ticketing.event_cleared")(event_id=other.event_id, only=other.pk)

    waiting.refresh_from_db()
    assert waiting.run_at == waits_until > from_now(hours=23)


def test_tickets_that_no_server_took_are_not_sent_once_their_money_goes_back(
    event, mailoutbox, server
):
    order = paid_while_no_server_takes_mail(event, server)
    confirm_fraud(event)
    clear_of_fraud(event)

    dates.give_back(order, order.tickets.all(), "refund")

    assert then_had(mailoutbox) == []
    job = Job.objects.get(key=f"mail:orders.paid:{order.pk}")
    assert (job.status, job.last_error) == ("done", NOTHING_VALID)


def test_tickets_that_no_server_took_wait_until_it_is_known_whether_their_money_arrives(
    event, mailoutbox, server
):
    order = paid_while_no_server_takes_mail(event, server)
    order.tickets.update(refund_approved_at=from_now(hours=-4))
    assert then_had(mailoutbox) == []
    job = Job.objects.get(key=f"mail:orders.paid:{order.pk}")
    assert from_now(minutes=59) < job.run_at < from_now(minutes=61)

    order.tickets.update(refund_approved_at=None)

    [mail] = then_had(mailoutbox)
    assert [name for name, *_ in mail.attachments] == [f"tickets-{order.code}.pdf"]


def test_tickets_that_are_good_after_all_wait_for_their_money_though_another_was_used(
    event, mailoutbox, server
):
    order = paid_in_vain(event)
    used, going_back = order.tickets.order_by("pk")
    had(mailoutbox)
    Ticket.objects.filter(pk=used.pk).update(status="used", used_at=from_now())
    server.go_down()
    clear_of_fraud(event)
    run_all()
    server.come_back()
    tickets = Ticket.objects.filter(pk=going_back.pk)
    tickets.update(refund_approved_at=from_now(hours=-4))
    assert then_had(mailoutbox) == []

    tickets.update(refund_approved_at=None)

    [mail] = then_had(mailoutbox)
    assert GOOD_AGAIN in mail.body
    assert [name for name, *_ in mail.attachments] == [f"tickets-{order.code}.pdf"]


def test_tickets_that_no_server_took_are_not_sent_of_an_event_that_is_cancelled(
    event, mailoutbox, server
):
    order = paid_while_no_server_takes_mail(event, server)

    call_off(event)

    assert [mail for mail in then_had(mailoutbox) if mail.attachments] == []
    job = Job.objects.get(key=f"mail:orders.paid:{order.pk}")
    assert (job.status, job.last_error) == ("done", NOTHING_VALID)


def test_tickets_that_wait_for_a_fraud_to_be_cleared_are_not_sent_of_an_event_that_is_cancelled(
    event, mailoutbox, server
):
    paid_in_vain(event)
    had(mailoutbox)
    server.go_down()
    clear_of_fraud(event)
    run_all()
    server.come_back()

    call_off(event)

    assert [mail for mail in then_had(mailoutbox) if GOOD_AGAIN in mail.body] == []
    assert not Job.objects.unfinished().filter(key__startswith="mail:orders.paid:").exists()


def test_who_has_tickets_and_was_told_nothing_else_hears_nothing_of_the_clearing(event, mailoutbox):
    order = paid_order(seats_of(event))
    had(mailoutbox)

    confirm_fraud(event)
    clear_of_fraud(event)

    assert had(mailoutbox) == []
    resend_tickets(order_id=order.pk, by=new_admin())
    [mail] = had(mailoutbox)
    assert GOOD_AGAIN not in mail.body


def test_tickets_whose_money_went_back_are_not_called_valid_again(event, mailoutbox):
    order = paid_in_vain(event)
    order.tickets.update(refund_approved_at=from_now())
    had(mailoutbox)

    clear_of_fraud(event)

    assert had(mailoutbox) == []


def test_tickets_of_an_event_that_is_called_off_for_good_are_not_called_valid_again(
    event, mailoutbox
):
    paid_in_vain(event)
    call_off(event)
    had(mailoutbox)

    clear_of_fraud(event)

    assert had(mailoutbox) == []
