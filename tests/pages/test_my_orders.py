"""Customers see their own orders and take their tickets."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, Ticket
from orders.operations import end_unpaid
from orders.services import check_in
from payments.models import Reversal
from payments.providers import RefundState
from payments.services import resolve_case, settle_order
from refunds.policy import Reason
from refunds.services import approve_refund, pay_back, record_reversal, request_refund
from tests.factories import (
    CustomerFactory,
    EventFactory,
    PaymentFactory,
    ShowingFactory,
    from_now,
    overdue_order,
    paid_order,
    placed_order,
    reread,
    seats_in_area,
    showing_with_sale_end,
)
from tests.pages.my_pages import page_of, text_of
from tests.payments.vnpay_calls import RETURN, failure, success, suspicion
from tests.refunds.moved import say
from ticketing.models import Event

EVIL = '<script>alert("x")</script>'


def test_my_orders_come_newest_first_with_what_to_do_next(me, customer):
    paid_order(customer=customer, created_at=from_now(days=-2))
    order = placed_order(customer=customer)
    placed_order()

    answer = me.get("/orders/")

    orders = [each["order"] for each in answer.context["listed"]]
    assert [each.status for each in orders] == ["pending_payment", "paid"]
    text = text_of(answer)
    assert "Waiting for payment" in text
    assert f"Pay by {order.expires_at.astimezone(order.showing.zone):%A}" in text
    assert "Your tickets are ready." in text
    assert "2 places · 1,000,000 VND" in text


def test_the_places_of_the_shown_orders_alone_are_counted(me, customer):
    placed_order(customer=customer)
    with CaptureQueriesContext(connection) as captured:
        assert "2 places" in text_of(me.get("/orders/"))

    [listed] = [each["sql"] for each in captured if "orders_seathold" in each["sql"]]
    assert 'JOIN "orders_seathold"' not in listed


def test_who_has_no_orders_is_shown_where_to_begin(me):
    assert "You have not ordered anything yet." in text_of(me.get("/orders/"))


@pytest.mark.parametrize("make", [placed_order, paid_order])
def test_many_orders_come_in_pages_with_the_same_few_queries(
    me, customer, django_assert_max_num_queries, make
):
    for _ in range(22):
        make(seats_in_area(1), customer=customer)

    with django_assert_max_num_queries(5):
        first = me.get("/orders/")
    assert len(first.context["listed"]) == 20
    assert "Older orders" in text_of(first)
    assert len(me.get("/orders/?page=2").context["listed"]) == 2
    assert len(me.get("/orders/?page=nonsense").context["listed"]) == 20
    assert len(me.get("/orders/?page=999").context["listed"]) == 2


def test_an_order_that_waits_says_until_when_in_the_zone_of_its_showing(me, customer):
    showing = ShowingFactory(time_zone="America/New_York")
    order = placed_order(seats_in_area(2, showing=showing), customer=customer)

    answer = me.get(page_of(order))

    local = order.expires_at.astimezone(order.showing.zone)
    assert "Your seats are held for you." in text_of(answer)
    assert f"{local:%H:%M} (America/New_York)" in text_of(answer)
    assert "Pay 1,000,000 VND with VNPay" in text_of(answer)
    assert 890 <= answer.context["seconds_left"] <= 900


def test_the_countdown_asks_for_a_state_that_changes_when_the_page_has_to(me, order):
    def told():
        return me.get(page_of(order, "state/")).json()

    assert told()["state"] == me.get(page_of(order)).context["state"]
    assert 890 <= told()["seconds_left"] <= 900
    started = {"payment_started_at": from_now(minutes=-2)}
    Order.objects.filter(pk=order.pk).update(expires_at=from_now(seconds=-1), **started)
    assert told() == {"state": "pending_payment:settling:published:False", "seconds_left": 0}
    assert me.get(page_of(order)).context["state"] == "pending_payment:settling:published:False"


POSTPONED = "The event is postponed. Place a new order once its tickets are on sale again."
CANCELLED = "The event was cancelled. There is nothing to pay."
STOPPED = "Tickets for this event are not sold any more. There is nothing to pay."
NOT_SELLING = [
    (["postpone"], POSTPONED),
    (["cancel"], CANCELLED),
    (["investigate", "confirm_fraud"], STOPPED),
]


@pytest.mark.parametrize(("steps", "told"), NOT_SELLING)
def test_nobody_is_told_to_pay_for_an_event_that_sells_nothing(me, order, steps, told):
    opened = me.get(page_of(order)).context["state"]
    move_event(order, *((step, from_now()) for step in steps))

    attempt = PaymentFactory(order=order)
    pages = [page_of(order), "/orders/", f"{RETURN}?{failure(attempt)}"]
    texts = [text_of(me.get(page)) for page in pages]

    for text in texts:
        assert told in text
        assert not any(wrong in text for wrong in ("Please pay", "Pay by", "can try again"))
    assert me.get(page_of(order, "state/")).json()["state"] != opened
    assert "data-seconds-left" not in me.get(page_of(order)).content.decode()


def test_the_state_of_an_open_page_tells_nothing_of_a_suspicion(me, order):
    opened = me.get(page_of(order)).context["state"]

    move_event(order, ("investigate", from_now()))

    assert me.get(page_of(order, "state/")).json()["state"] == opened


def test_after_the_deadline_nobody_is_asked_to_pay_again(me, customer):
    order = overdue_order(customer=customer, payment_started_at=from_now(minutes=-2))

    answer = me.get(page_of(order))

    assert "Your seats stay yours until we know; please don't pay again." in text_of(answer)
    assert "with VNPay" not in text_of(answer)


@pytest.mark.parametrize("paging", [page_of, lambda _: "/orders/"])
def test_an_order_that_nobody_tried_to_pay_is_over_when_its_time_is_up(me, customer, paging):
    order = overdue_order(customer=customer)

    waiting = text_of(me.get(paging(order)))
    settle_order(order_id=order.pk)

    assert reread(order).status == "expired"
    assert waiting == text_of(me.get(paging(order)))
    for wrong in ("We are checking", "stay yours", "Waiting for payment", "Too little time"):
        assert wrong not in waiting


def test_whose_time_is_up_without_an_attempt_to_pay_may_choose_again(me, customer):
    text = text_of(me.get(page_of(overdue_order(customer=customer))))

    assert "We received no payment by" in text
    assert "the seats are free for others again" in text
    assert "Choose places again" in text


def test_in_the_last_minute_nobody_is_sent_to_pay(me, customer):
    order = placed_order(customer=customer, expires_at=from_now(seconds=40))

    answer = me.get(page_of(order))

    assert "Too little time is left to pay." in text_of(answer)
    assert "with VNPay" not in text_of(answer)


def unnamed(payment):
    """A failure for which VNPay names no reason."""
    return failure(payment, code="99")


def of_another_amount(payment):
    return success(payment, Amount="500000")


@pytest.mark.parametrize("word", [suspicion, unnamed, of_another_amount])
def test_a_payment_that_is_being_checked_is_not_made_twice(me, order, word):
    me.get(f"{RETURN}?{word(PaymentFactory(order=order))}")

    answer = me.get(page_of(order))

    assert "We are checking your payment." in text_of(answer)
    assert "with VNPay" not in text_of(answer)
    assert "Please pay by" not in text_of(answer)


@pytest.mark.parametrize("word", [suspicion, unnamed])
def test_the_list_of_orders_asks_nobody_to_pay_what_is_being_checked(me, customer, order, word):
    me.get(f"{RETURN}?{word(PaymentFactory(order=order))}")

    text = text_of(me.get("/orders/"))

    assert "We are checking your payment." in text
    assert "Pay by" not in text
    PaymentFactory(order=placed_order(seats_in_area(1), customer=customer))
    assert text_of(me.get("/orders/")).count("Pay by") == 1


@pytest.mark.parametrize("word", [suspicion, unnamed])
def test_the_page_of_an_ended_order_tells_of_a_payment_that_is_being_checked(me, order, word):
    me.get(f"{RETURN}?{word(PaymentFactory(order=order))}")
    me.post(page_of(order, "cancel/"))

    answer = me.get(page_of(order))

    assert "If your money was taken, all of it goes back" in text_of(answer)


def test_the_page_of_an_ended_order_promises_nothing_once_staff_have_decided(me, order, admin_user):
    payment = PaymentFactory(order=order)
    me.get(f"{RETURN}?{of_another_amount(payment)}")
    me.post(page_of(order, "cancel/"))
    assert "If your money was taken, all of it goes back" in text_of(me.get(page_of(order)))

    decision = "VNPay took nothing in the end."
    resolve_case(case_id=payment.cases.get().pk, by=admin_user, decision=decision)

    text = text_of(me.get(page_of(order)))
    assert "We are checking your payment." not in text
    assert "goes back" not in text


def test_the_page_of_an_ended_order_that_nobody_paid_tells_of_no_payment(me, order):
    PaymentFactory(order=order)
    me.post(page_of(order, "cancel/"))

    assert "We are checking" not in text_of(me.get(page_of(order)))


def test_a_paid_order_shows_tickets_with_codes_and_files(me, paid):
    answer = me.get(page_of(paid))

    tickets = list(paid.tickets.all())
    assert len(tickets) == 2
    for ticket in tickets:
        assert ticket.code in text_of(answer)
        page = answer.content.decode()
        assert f'src="/tickets/{ticket.code}/qr.svg"' in page
        qr = me.get(f"/tickets/{ticket.code}/qr.svg")
        assert qr.headers["Content-Type"] == "image/svg+xml"
        assert "private" in qr.headers["Cache-Control"]
        pdf = me.get(f"/tickets/{ticket.code}/ticket.pdf")
        assert pdf.content.startswith(b"%PDF-")
    assert me.get(page_of(paid, "tickets.pdf")).content.startswith(b"%PDF-")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("file", ["event.ics", "tickets.pdf"])
def test_an_order_without_tickets_has_no_files(me, order, file):
    assert me.get(page_of(order, file)).status_code == 404


def test_a_used_ticket_says_when_and_shows_no_code_to_scan(me, paid, admin_user):
    ticket = paid.tickets.first()
    check_in(code=ticket.code, by=admin_user)

    answer = me.get(page_of(paid))

    assert "Used" in text_of(answer)
    assert f"/tickets/{ticket.code}/qr.svg" not in answer.content.decode()


def test_a_ticket_whose_money_is_on_its_way_shows_no_code_to_scan(me, paid):
    ticket = paid.tickets.first()
    Ticket.objects.filter(pk=ticket.pk).update(refund_approved_at=from_now())

    answer = me.get(page_of(paid))

    assert "it lets nobody in" in text_of(answer)
    assert f"/tickets/{ticket.code}/qr.svg" not in answer.content.decode()
    drawing = me.get(f"/tickets/{ticket.code}/qr.svg")
    assert drawing.status_code == 409
    assert "This ticket lets nobody in." in text_of(drawing)


def test_an_order_page_costs_as_many_queries_for_ten_seats_as_for_one(
    me, customer, django_assert_max_num_queries
):
    order = paid_order(seats_in_area(10), customer=customer)
    waiting = placed_order(seats_in_area(10), customer=customer)

    with django_assert_max_num_queries(8):
        me.get(page_of(order))
    with django_assert_max_num_queries(8):
        me.get(page_of(waiting))


def test_an_expired_order_says_why_and_how_to_choose_again(me, order):
    order.expire(by=None, at=from_now(), reason="Time is up.")
    end_unpaid([order], at=from_now())

    answer = me.get(page_of(order))

    assert "There are no tickets for this order." in text_of(answer)
    assert "We received no payment by" in text_of(answer)
    assert f'href="/showings/{order.showing_id}/"' in answer.content.decode()


def test_an_ended_order_whose_sale_is_over_leads_to_the_event(me, customer):
    showing = ShowingFactory(sale_over=True)
    order = placed_order(seats_in_area(2, showing=showing), customer=customer)
    me.post(page_of(order, "cancel/"))

    page = me.get(page_of(order)).content.decode()

    assert f'href="/events/{order.event.slug}/"' in page
    assert f'href="/showings/{order.showing_id}/"' not in page


def test_late_money_is_told_on_the_page_of_the_order(me, order):
    payment = PaymentFactory(order=order)
    me.post(page_of(order, "cancel/"))
    me.get(f"{RETURN}?{success(payment)}")

    text = text_of(me.get(page_of(order)))

    assert "The whole 1,000,000 VND goes back to where it came from." in text
    assert payment.txn_ref in text


def test_an_event_that_is_off_says_that_the_money_comes_by_itself(me, customer):
    seats = seats_in_area(2, showing=ShowingFactory(event=EventFactory()))
    paid = paid_order(seats, customer=customer)
    event = reread(paid.event)
    event.cancel(by=None, at=from_now(), reason="The test cancels it.")
    event.save()

    text = text_of(me.get(page_of(paid)))

    assert "The event was cancelled." in text
    assert "Your money goes back in full by itself" in text
    assert "Give tickets back" not in text


def test_names_from_outside_are_text_and_nothing_else(me, customer):
    showing = ShowingFactory(event=EventFactory(title=EVIL, venue=EVIL))
    seats = seats_in_area(1, showing=showing, name=EVIL)
    paid = paid_order(seats, customer=customer)

    for address in ("/orders/", page_of(paid), page_of(paid, "refund/")):
        assert EVIL not in me.get(address).content.decode()


def test_pages_speak_vietnamese(me, paid):
    text = text_of(me.get(page_of(paid), headers={"Accept-Language": "vi"}))

    assert "Vé của bạn" in text
    assert "Your" not in text


@pytest.mark.parametrize("address", ["/orders/", "page", "refund/"])
def test_no_script_or_style_stands_in_a_page(me, paid, address):
    answer = (
        me.get(page_of(paid, "" if address == "page" else address))
        if (address != "/orders/")
        else me.get(address)
    )
    page = answer.content.decode()

    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<script>" not in page
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy


def move_event(order, *steps):
    event = Event.objects.get(pk=order.event_id)
    for step, at in steps:
        getattr(event, step)(by=None, at=at, reason="The test moves it.")
    event.save()


def night(customer, **dates):
    """A paid order for a showing that ended an hour ago unless `dates` say otherwise."""
    over = {"starts_at": from_now(hours=-3), "ends_at": from_now(hours=-1)}
    showing = ShowingFactory(**{**over, **dates})
    return paid_order(seats_in_area(2, showing=showing), customer=customer)


def test_tickets_of_a_postponed_event_that_is_off_are_not_told_to_be_valid(me, paid):
    fraud = [("investigate", from_now()), ("confirm_fraud", from_now())]
    move_event(paid, ("postpone", from_now()), *fraud)

    text = text_of(me.get(page_of(paid)))

    assert "We have stopped the sale of this event to protect its customers." in text
    assert "stay valid" not in text
    assert "ask for a refund" not in text


def test_nobody_is_promised_money_of_a_fraud_that_may_not_concern_the_order(me, paid):
    move_event(paid, ("investigate", from_now()), ("confirm_fraud", from_now()))

    text = text_of(me.get(page_of(paid)))

    assert "Every order that is affected is refunded in full by itself" in text
    assert "goes back" not in text
    assert "on its way back" not in text
    assert "goes back" not in text_of(me.get("/orders/"))


def test_money_of_a_cancelled_event_is_promised_on_the_page_that_knows_its_refunds(me, paid):
    move_event(paid, ("cancel", from_now()))

    assert "Your money goes back in full by itself" in text_of(me.get(page_of(paid)))
    listed = text_of(me.get("/orders/"))
    assert "The event is off. Open the order to see what becomes of its money." in listed
    assert "goes back" not in listed


def test_what_was_put_off_is_not_over_when_its_old_date_passes(me, customer):
    order = night(customer)
    move_event(order, ("postpone", from_now(hours=-5)))

    assert "The event is postponed." in text_of(me.get("/orders/"))
    assert "We hope you liked it" not in text_of(me.get("/orders/"))
    assert "stay valid for the new date" in text_of(me.get(page_of(order)))


def test_a_night_that_took_place_gets_no_new_date(me, customer):
    order = night(customer)
    move_event(order, ("postpone", from_now(minutes=-30)))

    assert "It is over. We hope you liked it." in text_of(me.get("/orders/"))
    assert "new date" not in text_of(me.get(page_of(order)))


def give_back(order):
    """All of its tickets for a part of their price; the money is back when the jobs have run."""
    refund = request_refund(order_id=order.pk, requester=order.customer, reason=Reason.PERSONAL)
    return approve_refund(refund_id=refund.pk, by=CustomerFactory(is_superuser=True))


@pytest.fixture
def returnable(customer):
    """Paid; 80 % of it go back for a personal reason."""
    return paid_order(seats_in_area(2, showing=showing_with_sale_end(days=10)), customer=customer)


def test_whoever_gives_all_tickets_back_is_not_told_that_they_are_ready(me, returnable):
    refund = give_back(returnable)

    assert "Your tickets are ready." not in text_of(me.get("/orders/"))
    pay_back(refund_id=refund.pk)
    say(Reversal.objects.get().pk, RefundState.DONE)
    record_reversal(reversal_id=Reversal.objects.get().pk)
    assert reread(returnable).status == "partial_refunded"
    assert "Its tickets were given back." in text_of(me.get("/orders/"))


def test_tickets_that_were_given_back_are_not_told_to_stay_valid(me, returnable):
    give_back(returnable)
    move_event(returnable, ("postpone", from_now()))

    assert "Its tickets were given back." in text_of(me.get("/orders/"))
    text = text_of(me.get(page_of(returnable)))
    assert "stay valid for the new date" not in text
    assert "Show this code at the entrance" not in text


def test_whoever_has_a_ticket_left_is_told_of_it(me, returnable):
    first, _ = returnable.tickets.order_by("pk")
    refund = request_refund(
        order_id=returnable.pk,
        requester=returnable.customer,
        reason=Reason.PERSONAL,
        ticket_codes=[first.code],
    )
    approve_refund(refund_id=refund.pk, by=CustomerFactory(is_superuser=True))
    assert "Your tickets are ready." in text_of(me.get("/orders/"))

    move_event(returnable, ("postpone", from_now()))

    assert "The event is postponed." in text_of(me.get("/orders/"))
    assert "stay valid for the new date" in text_of(me.get(page_of(returnable)))
