"""Staff cancel an order that nobody has begun to pay, for the customer who asked them to."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.errors import OrderNotCancellable
from orders.models import Order
from orders.services import cancel_for_customer
from payments.providers import Customer
from payments.services import start_payment
from tests.back_office.refund_rows import html
from tests.back_office.world import browser_of, supporter
from tests.factories import CustomerFactory, overdue_order, paid_order, placed_order, reread
from tests.orders.closing import run_all
from tests.refunds.test_requests import everything
from tests.ticketing.event_states import new_admin, new_member
from ticketing.errors import NotAllowed
from ticketing.invariants import violations

WHY = "The customer called and wants other seats."


@pytest.fixture
def order():
    return placed_order(email="lan@example.org")


def page_of(order, step="cancel"):
    return reverse(f"admin:orders_order_{step}", args=[order.pk])


def staff(role, order):
    make = {"admin": new_admin, "member": lambda: new_member(order.event), "support": supporter}
    return browser_of(make[role]())


def begun_to_pay(order):
    start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
    return order


@pytest.mark.parametrize("role", ["admin", "member"])
def test_the_seats_are_free_at_once_and_it_is_known_who_did_it_and_why(order, role):
    browser = staff(role, order)

    answer = browser.post(page_of(order), {"reason": WHY}, follow=True)

    assert "The order is cancelled." in answer.content.decode()
    assert reread(order).status == "cancelled"
    assert set(order.holds.values_list("status", "seat__status")) == {("released", "available")}
    told = StateLog.objects.for_(order).get(transition="cancel")
    assert (told.by, told.description) == (browser.user, WHY)
    assert not any(violations().values())


@pytest.mark.django_db(transaction=True)
def test_the_customer_is_told_why_and_that_nothing_has_to_be_paid(order, mailoutbox):
    cancel_for_customer(order_id=order.pk, by=new_admin(), reason=WHY)
    run_all()

    mail = mailoutbox[-1]
    assert mail.to == ["lan@example.org"]
    assert mail.subject == f"Order {order.code} was cancelled"
    assert WHY in mail.body
    assert "you have nothing to pay" in mail.body


def test_opening_the_page_cancels_nothing(order):
    before = everything()

    page = html(staff("admin", order), page_of(order))

    assert "lan@example.org is told why" in page
    assert everything() == before


@pytest.mark.parametrize("reason", ["", "   ", "no"])
def test_a_reason_has_to_be_given(order, reason):
    before = everything()

    answer = staff("admin", order).post(page_of(order), {"reason": reason})

    assert "errorlist" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (paid_order, "The order is paid."),
        (lambda: begun_to_pay(placed_order()), "The customer has begun to pay"),
        (lambda: overdue_order(payment_started_at=timezone.now()), "Its time is up."),
    ],
    ids=["paid", "being paid", "being checked"],
)
def test_money_that_is_here_or_may_come_is_a_reason_to_refuse(make, told):
    order = make()
    before = everything()

    answer = staff("admin", order).post(page_of(order), {"reason": WHY}, follow=True)

    assert told in answer.content.decode()
    assert everything() == before


def test_an_order_that_is_cancelled_is_not_cancelled_by_another_reason(order):
    cancel_for_customer(order_id=order.pk, by=new_admin(), reason=WHY)
    before = everything()

    with pytest.raises(OrderNotCancellable):
        cancel_for_customer(order_id=order.pk, by=new_admin(), reason="Something else.")

    assert everything() == before


def test_support_customers_and_strangers_cancel_nothing(order):
    before = everything()

    for user in (supporter(), order.customer, CustomerFactory(), new_member(paid_order().event)):
        before = everything()
        with pytest.raises(NotAllowed):
            cancel_for_customer(order_id=order.pk, by=user, reason=WHY)
        assert browser_of(user).post(page_of(order), {"reason": WHY}).status_code in (302, 403, 404)
        assert everything() == before


def test_the_button_is_there_for_those_who_may_while_the_order_is_unpaid(order):
    for role, is_there in (("admin", True), ("member", True), ("support", False)):
        assert (page_of(order) in html(staff(role, order), page_of(order, "change"))) == is_there

    cancel_for_customer(order_id=order.pk, by=new_admin(), reason=WHY)

    assert page_of(order) not in html(staff("admin", order), page_of(order, "change"))


def test_the_order_says_who_cancelled_it(order):
    browser = staff("member", order)
    browser.post(page_of(order), {"reason": WHY})

    story = html(browser, page_of(order, "timeline"))

    assert "The order is cancelled. Its seats are free again." in story
    assert f"{browser.user} – {WHY}" in story
    assert Job.objects.filter(topic="orders.ended").count() == 1
    assert Order.objects.get().status == "cancelled"
