"""Customers are told what became of their order: once per fact, in their language and zone."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from jobs.models import Job
from jobs.outbox import handler_of
from orders.models import Order
from payments.handlers import mail_owed
from payments.models import PaymentCase
from payments.services import settle_order
from tests.concurrency.conftest import run_together
from tests.factories import (
    AreaFactory,
    EventFactory,
    PaymentFactory,
    RowFactory,
    SeatFactory,
    ShowingFactory,
    from_now,
    overdue_order,
    placed_order,
    seats_in_area,
)
from tests.orders.closing import run_all
from tests.payments.vnpay_calls import IPN, success
from tests.ticketing.event_states import move
from ticketing.services import confirm_cancellation

ORDERS = "/api/v1/orders/"


def place(api, language="en", **area):
    seats = seats_in_area(2, price=350_000, **area)
    body = {"showing": seats[0].showing_id, "seats": [seat.pk for seat in seats]}
    answer = api.post(ORDERS, body, headers={"Accept-Language": language})
    assert answer.status_code == 201
    return Order.objects.get(code=answer.data["code"])


def call_ipn(payment):
    return Client().get(f"{IPN}?{success(payment)}").json()["RspCode"]


def pay(order):
    payment = PaymentFactory(order=order)
    assert call_ipn(payment) == "00"
    return payment


def html_of(message):
    [(html, mimetype)] = message.alternatives
    assert mimetype == "text/html"
    return html


def test_an_order_is_told_with_its_places_and_its_deadline_in_the_named_zone(api, mailoutbox):
    order = place(api, showing=ShowingFactory(time_zone="America/New_York"))

    run_all()

    [told] = mailoutbox
    assert told.to == [order.email]
    assert told.subject == "Your seats for Đêm nhạc Trịnh are held"
    deadline = f"{order.expires_at.astimezone(order.showing.zone):%Y-%m-%d %H:%M}"
    hold = order.holds.select_related("seat__row", "seat__area").order_by("seat_id")[0]
    for text in (told.body, html_of(told)):
        assert f"Please pay by {deadline} (America/New_York)." in text
        assert f"{hold.seat.area.name}, row {hold.seat.row.label}, seat {hold.seat.number}" in text
        assert "350,000 VND" in text
        assert "Total: 700,000 VND" in text
        assert order.code in text


def test_nobody_is_asked_to_pay_who_has_paid_while_mails_were_waiting(api, mailoutbox):
    pay(place(api))

    run_all()

    assert [told.subject for told in mailoutbox] == ["Your tickets for Đêm nhạc Trịnh"]


def test_nobody_is_asked_to_pay_for_seats_that_were_given_back(api, mailoutbox):
    order = place(api)
    assert api.post(f"{ORDERS}{order.code}/cancel/").status_code == 200

    run_all()

    assert mailoutbox == []


def test_nobody_is_asked_to_pay_when_the_time_is_up(api, mailoutbox):
    order = place(api)
    Order.objects.filter(pk=order.pk).update(expires_at=from_now(seconds=-1))

    run_all()

    assert mailoutbox == []
    job = Job.objects.get(topic="orders.placed")
    assert job.last_error == "Nothing was sent: the order can't be paid now."


@pytest.mark.parametrize("steps", [["postpone"], ["investigate", "confirm_fraud"], ["cancel"]])
def test_nobody_is_asked_to_pay_for_an_event_that_sells_nothing(api, mailoutbox, steps):
    order = place(api)
    move(order.event, *steps)

    run_all()

    assert mailoutbox == []
    assert Job.objects.get(topic="orders.placed").last_error.startswith("Nothing was sent")


def test_a_customer_who_orders_in_vietnamese_is_told_everything_in_vietnamese(api, mailoutbox):
    order = place(api, language="vi")
    assert order.language == "vi"
    run_all()
    payment = pay(order)
    run_all()
    with translation.override("en"):
        pay(order)
        run_all()
    overdue = overdue_order(language="vi")
    settle_order(order_id=overdue.pk)
    run_all()

    subjects = [told.subject for told in mailoutbox]
    assert subjects == [
        "Ghế của bạn cho Đêm nhạc Trịnh đã được giữ",
        "Vé của bạn cho Đêm nhạc Trịnh",
        f"Khoản thanh toán cho đơn hàng {order.code} sẽ được hoàn lại",
        f"Đơn hàng {overdue.code} đã hết hạn",
    ]
    assert payment.amount == 700_000
    assert "Tổng cộng: 700.000 VND" in mailoutbox[1].body
    for told in mailoutbox:
        assert '<html lang="vi">' in html_of(told)
        assert "Your" not in told.body


def test_a_paid_order_is_told_with_its_tickets(api, mailoutbox):
    order = placed_order()
    pay(order)

    run_all()

    [told] = mailoutbox
    assert told.subject == "Your tickets for Đêm nhạc Trịnh"
    for ticket in order.tickets.all():
        for text in (told.body, html_of(told)):
            assert ticket.code in text
            assert f"row {ticket.row_label}, seat {ticket.seat_number}" in text
    assert "Your tickets are attached." in told.body
    assert [(name, kind) for name, _, kind in told.attachments] == [
        (f"tickets-{order.code}.pdf", "application/pdf")
    ]


def test_a_free_order_gets_the_mail_with_its_tickets_and_no_other(api, mailoutbox):
    area = AreaFactory(general_admission=True, price=0)
    SeatFactory.create_batch(3, row=RowFactory(area=area, label="GA"))

    api.post(ORDERS, {"showing": area.showing_id, "area": area.pk, "quantity": 2})
    run_all()

    [told] = mailoutbox
    assert told.subject == "Your tickets for Đêm nhạc Trịnh"
    assert "- Field: 0 VND" in told.body
    assert "row GA" not in told.body


def test_an_order_that_nobody_paid_is_told_once(mailoutbox):
    order = overdue_order()

    settle_order(order_id=order.pk)
    settle_order(order_id=order.pk)
    run_all()

    [told] = mailoutbox
    assert told.subject == f"Order {order.code} has expired"
    assert "(Asia/Ho_Chi_Minh)" in told.body
    assert "it goes back in full" in told.body


def test_whoever_wants_the_seats_of_an_overdue_order_does_not_keep_its_customer_untold(
    api, mailoutbox
):
    seats = seats_in_area(1)
    overdue = overdue_order(seats=seats)

    api.post(ORDERS, {"showing": seats[0].showing_id, "seats": [seats[0].pk]})
    run_all()

    assert f"Order {overdue.code} has expired" in {told.subject for told in mailoutbox}


def test_a_customer_who_cancelled_is_told_nothing(api, customer, mailoutbox):
    order = placed_order(customer=customer)

    assert api.post(f"{ORDERS}{order.code}/cancel/").status_code == 200
    run_all()

    assert mailoutbox == []


def test_money_that_came_too_late_is_told_to_go_back(mailoutbox):
    payment = PaymentFactory(order=overdue_order(payment_started_at=None))
    order = payment.order
    order.expire(by=None, at=order.expires_at, reason="The test ends it.")
    order.save()
    for _ in range(3):
        call_ipn(payment)
    run_all()

    [told] = mailoutbox
    assert told.subject == f"Your payment for order {order.code} goes back to you"
    assert f"Your payment of 1,000,000 VND came after order {order.code} had ended." in told.body
    assert payment.txn_ref in html_of(told)


def test_money_that_came_twice_is_told_to_go_back_once_for_each(mailoutbox):
    order = placed_order()
    for _ in range(3):
        pay(order)
    run_all()

    subjects = [told.subject for told in mailoutbox]
    assert subjects.count("Your tickets for Đêm nhạc Trịnh") == 1
    assert subjects.count(f"Your payment for order {order.code} goes back to you") == 2
    assert "Your tickets stay valid." in mailoutbox[-1].body


def test_money_that_came_twice_promises_no_tickets_of_an_event_that_is_off(mailoutbox, admin_user):
    order = placed_order()
    for _ in range(2):
        pay(order)
    confirm_cancellation(event_id=order.event_id, by=admin_user, reason="It rains.")

    run_all()

    [told] = [each for each in mailoutbox if "came on top" in each.body]
    assert "Your tickets stay valid" not in told.body


def test_what_people_have_named_is_escaped_in_html_and_left_alone_in_text(mailoutbox):
    event = EventFactory(title="Rock & <b>Roll</b>")
    seats = seats_in_area(1, showing=ShowingFactory(event=event))
    pay(placed_order(seats))

    run_all()

    [told] = mailoutbox
    assert told.subject == "Your tickets for Rock & <b>Roll</b>"
    assert "Rock & <b>Roll</b>" in told.body
    assert "Rock &amp; &lt;b&gt;Roll&lt;/b&gt;" in html_of(told)
    assert "<b>Roll" not in html_of(told)


def test_a_title_with_a_line_break_adds_no_header(mailoutbox):
    event = EventFactory(title="Rock\nBcc: all@example.org")
    pay(placed_order(seats_in_area(1, showing=ShowingFactory(event=event))))

    run_all()

    [told] = mailoutbox
    assert told.subject == "Your tickets for Rock Bcc: all@example.org"
    assert told.message()["Bcc"] is None


def test_the_way_to_the_shop_is_told_if_there_is_one(settings, mailoutbox):
    settings.FRONTEND_URL = "https://shop.example"
    order = placed_order()
    pay(order)

    run_all()

    assert f"https://shop.example/orders/{order.code}" in mailoutbox[0].body


def test_without_another_shop_mails_lead_to_our_own_page_of_the_order(settings, mailoutbox):
    order = placed_order()
    pay(order)

    run_all()

    address = f"{settings.PUBLIC_URL}/orders/{order.code}/"
    assert address in mailoutbox[0].body
    assert f'href="{address}"' in html_of(mailoutbox[0])


@pytest.fixture
def facts():
    """One order for each thing to tell, with the handler that tells it."""
    placed, paid, ended = placed_order(), placed_order(), overdue_order()
    pay(paid)
    pay(paid)
    settle_order(order_id=ended.pk)
    case = PaymentCase.objects.get()
    return [
        lambda: handler_of("orders.placed")(order_id=placed.pk),
        lambda: handler_of("orders.paid")(order_id=paid.pk),
        lambda: handler_of("orders.ended")(order_id=ended.pk),
        lambda: mail_owed(case_id=case.pk),
    ]


@pytest.mark.django_db(transaction=True)
def test_facts_that_are_handled_three_times_in_parallel_are_told_once(facts, mailoutbox):
    assert run_together([fact for fact in facts for _ in range(3)]) == {"done": 12}

    queued = Job.objects.filter(topic="jobs.send_mail")
    assert queued.count() == 4
    run_all()
    assert len(mailoutbox) == 4


def test_facts_that_are_handled_again_much_later_are_told_once(facts, mailoutbox):
    for _ in range(3):
        for fact in facts:
            fact()
        run_all()

    assert len(mailoutbox) == 4


def test_the_title_of_an_event_puts_no_header_of_its_own_into_a_mail(api, mailoutbox):
    event = EventFactory(title="Night\r\nBcc: all@example.org\n\nBuy here: https://evil.example")
    order = place(api, showing=ShowingFactory(event=event))

    run_all()

    [told] = mailoutbox
    assert "\n" not in told.subject
    assert "\r" not in told.subject
    assert told.recipients() == [order.email]
    headers = told.message().as_bytes().split(b"\n\n")[0]
    assert not [line for line in headers.splitlines() if line.startswith(b"Bcc")]
