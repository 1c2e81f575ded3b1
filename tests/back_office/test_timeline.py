"""The timeline of an order answers what happened to it, and why."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Order, Ticket
from orders.services import check_in
from orders.timeline import of_orders
from payments import timeline as of_payments
from payments.models import CaseKind, Payment, PaymentCase, ProviderMessage, Reversal
from payments.services import settle_order
from refunds import timeline as of_refunds
from refunds.handlers import mail_refund
from refunds.models import Refund, RefundCampaign
from refunds.services import (
    advance_campaign,
    approve_refund,
    override_refund,
    prepare_campaign,
    refund_case,
    reject_refund,
    start_campaign,
)
from tests.back_office.refund_rows import asked, bought, failed, own_event
from tests.back_office.timelines import page_of, story
from tests.back_office.world import browser_of
from tests.factories import PaymentFactory, from_now, overdue_order, paid_order, placed_order
from tests.orders.closing import run_all
from tests.payments.vnpay_calls import IPN, success
from tests.refunds.moved import give_back
from tests.ticketing.event_states import move, new_admin, new_member
from ticketing.models import Event

WHO_IS_A_MEMBER = 6  # queries of every page of the back office, to know whose rows to show


def tells(lines, *parts):
    """Whether the lines tell these things, in this order."""
    rest = iter(lines)
    missing = [part for part in parts if not any(part in line for line in rest)]
    assert not missing, f"{missing[0]} is not told after the others in:\n" + "\n".join(lines)
    return True


@pytest.fixture
def admin():
    return browser_of(new_admin())


def test_an_order_that_is_paid_in_time(client, admin):
    order = placed_order()
    payment = PaymentFactory(order=order)
    client.get(f"{IPN}?{success(payment)}")

    lines = story(admin, order)

    assert tells(
        lines,
        "2 seats are ordered",
        "An attempt to pay begins at VNPay.",
        "We were called (IPN). VNPay",
        "The money is here. the system – ipn: paid, code 00/00",
        "The order is paid.",
        "2 tickets are issued.",
    )
    [money] = [line for line in lines if "The money is here." in line]
    assert money.endswith("+1,000,000 VND")


def test_a_call_that_somebody_made_up_is_not_told_as_the_providers(client, admin):
    payment = PaymentFactory()
    client.get(f"{IPN}?{success(payment)[:-1]}x")

    lines = story(admin, payment.order)

    assert tells(lines, "A call in VNPay's name that could not be verified. Nothing of it was")
    assert not any("We were called" in line for line in lines)


def test_an_order_that_nobody_paid(admin):
    order = overdue_order()
    settle_order(order_id=order.pk)

    assert tells(
        story(admin, order),
        "the customer – Held for them until",
        "The order has expired. Its seats are free again. the system – Time is up",
    )


@pytest.mark.django_db(transaction=True)
def test_money_that_came_too_late_and_went_back(client, admin):
    order = overdue_order()
    payment = PaymentFactory(order=order)
    type(order).objects.filter(pk=order.pk).update(payment_started_at=None)
    settle_payment_as_failed(payment, order)
    client.get(f"{IPN}?{success(payment)}")
    give_back(refund_case(case_id=PaymentCase.objects.get(kind=CaseKind.LATE).pk))

    lines = story(admin, order)

    assert tells(
        lines,
        "The order has expired.",
        "The money is here.",
        "A case is opened: money came after the order had ended.",
        "The refund is approved.",
        "The money is back at the customer.",
        "The refund is over: all of it is paid back.",
    )
    assert any(line.endswith("−1,000,000 VND") for line in lines)


def settle_payment_as_failed(payment, order):
    payment.fail(by=None, at=timezone.now(), reason="query: not found", code="never heard of")
    payment.save()
    settle_order(order_id=order.pk)


def test_a_refund_whose_percentage_was_overridden(admin):
    order = bought()
    refund, second_admin = asked(order), new_admin()
    override_refund(refund_id=refund.pk, percentage=100, by=second_admin, note="It was our fault.")
    approve_refund(refund_id=refund.pk, by=second_admin)
    give_back(refund)

    assert tells(
        story(admin, order),
        "A refund of 80 % comes up: personal reason. the customer 800,000 VND",
        "The refund waits for the organizer. the customer",
        f"100 % (1,000,000 VND) instead of 80 % (800,000 VND). {second_admin} – It was our fault.",
        f"The refund is approved. {second_admin}",
        "The money of the refund is sent back.",
        "The money is back at the customer.",
        "All of the order is refunded.",
        "Given back: ",
    )


def test_a_refund_that_was_rejected_and_taken_up_again(admin):
    order = bought()
    refund, second_admin = asked(order), new_admin()
    mail_refund(refund_id=refund.pk, status="pending_organizer")
    reject_refund(refund_id=refund.pk, by=second_admin, reason="The hall is booked.")
    mail_refund(refund_id=refund.pk, status="rejected")
    override_refund(refund_id=refund.pk, percentage=60, by=second_admin, note="She is ill.")
    approve_refund(refund_id=refund.pk, by=second_admin)
    mail_refund(refund_id=refund.pk, status="approved")

    lines = story(admin, order)

    assert tells(
        lines,
        "A refund of 80 % comes up: personal reason. the customer 800,000 VND",
        f"The refund is rejected. {second_admin} – The hall is booked.",
        f"The refund is taken up again and waits for the platform. {second_admin} – She is ill.",
        f"The refund is approved. {second_admin}",
    )
    assert any("60 % (600,000 VND) instead of 80 % (800,000 VND)." in line for line in lines)
    assert len([line for line in lines if f"Mail to {order.email}" in line]) == 3


def test_an_order_of_a_cancelled_event(admin):
    order = bought()
    move(order.event, "cancel")
    campaign = prepare_campaign(event_id=order.event_id, reason="cancelled", by=admin.user)
    start_campaign(campaign_id=campaign.pk, by=admin.user, reason="The hall burned down.")
    advance_campaign(campaign_id=campaign.pk)

    lines = story(admin, order)

    assert tells(
        lines,
        "The event is cancelled.",
        "The order is in the refund of the whole event: money on its way back.",
        "The refund of the whole event is started",
        "A refund of 100 % comes up: event cancelled. the system",
    )
    assert any("The hall burned down." in line for line in lines)


def test_a_ticket_that_let_somebody_in(admin):
    order = paid_order()
    ticket, door = order.tickets.first(), new_member(order.event)
    check_in(code=ticket.code, by=door)

    lines = story(admin, order)

    place = f"{ticket.area_name} · {ticket.row_label} · {ticket.seat_number}"
    assert tells(lines, "2 tickets are issued.", f"Went in: {place} {door} – Checked in")
    assert ticket.code not in admin.get(page_of(order)).content.decode()


@pytest.mark.django_db(transaction=True)
def test_jobs_and_mails_are_told_as_planned_done_or_given_up(admin):
    order = paid_order(email="lan@example.org")
    run_all()
    dead = Job.objects.get(topic="orders.paid")
    Job.objects.filter(pk=dead.pk).update(status="dead", last_error="ValueError: no font\nline 2")

    lines = story(admin, order)

    assert tells(lines, "Mail to lan@example.org: ")
    [planned] = [line for line in lines if "planned" in line]
    assert "Settle the order" in planned
    assert planned == lines[-1]
    [given_up] = [line for line in lines if "given up" in line]
    assert "ValueError: no font" in given_up
    assert "line 2" not in given_up


def test_the_times_are_those_of_the_event_to_the_second(admin):
    order = paid_order()
    paid = StateLog.objects.for_(order).get(transition="pay").timestamp

    [line] = [line for line in story(admin, order) if "The order is paid." in line]

    assert line.startswith(f"{localtime(paid, order.showing.zone):%H:%M:%S} ")


def test_what_several_tickets_did_together_is_told_once(admin):
    order = bought(count=3)
    refund = asked(order)
    approve_refund(refund_id=refund.pk, by=new_admin())
    give_back(refund)

    [line] = [line for line in story(admin, order) if "Given back: " in line]

    assert line.count(" · ") == 6


def test_each_line_leads_to_its_row(admin):
    order = bought()
    refund = failed(asked(order))

    page = admin.get(page_of(order)).content.decode()

    for row in (refund, refund.reversal, order.payments.get()):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        assert reverse(name, args=[row.pk]) in page


def eventful(member):
    """An order with some of everything."""
    order = bought(own_event(member, title="Own event"), count=4)
    for n in range(3):
        PaymentCase.objects.create(
            kind=CaseKind.REPORTED, payment=order.payments.get(), order=order, provider="vnpay",
            txn_ref=f"ref{n}", amount=1, description=f"Case {n}", opened_at=from_now(),
        )  # fmt: skip
    failed(asked(order))
    return order


def test_a_long_story_takes_as_many_queries_as_a_short_one(
    boss, member, django_assert_max_num_queries
):
    order = eventful(member)
    payment = order.payments.get()
    for n in range(60):
        PaymentFactory(order=order)
        ProviderMessage.objects.create(
            provider="vnpay", channel="ipn", txn_ref=payment.txn_ref, body={"n": n}, at=from_now()
        )
        note_on(order, n)

    for browser, most in ((boss, 14), (member, 14 + WHO_IS_A_MEMBER)):
        browser.get(page_of(order))
        with django_assert_max_num_queries(most):
            lines = story(browser, order)
        assert len(lines) > 180


def test_a_story_without_end_says_that_its_beginning_is_left_out(admin):
    order = paid_order()
    reference = order.payments.get().txn_ref
    assert "the oldest entries are left out" not in admin.get(page_of(order)).content.decode()
    ProviderMessage.objects.bulk_create(
        ProviderMessage(
            provider="vnpay", channel="ipn", txn_ref=reference, body={}, at=from_now(seconds=n)
        )
        for n in range(250)
    )

    assert "the oldest entries are left out" in admin.get(page_of(order)).content.decode()
    assert len([line for line in story(admin, order) if "We were called" in line]) == 200


def note_on(order, n):
    StateLog.objects.create(
        content_object=order, transition="resend_tickets", state="paid", source_state="paid",
        description=f"Once more {n}", timestamp=from_now(seconds=n),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Order, of_orders.WORDS_OF_ORDER),
        (Ticket, of_orders.WORDS_OF_TICKET),
        (Event, of_orders.WORDS_OF_EVENT),
        (Payment, of_payments.WORDS_OF_PAYMENT),
        (PaymentCase, of_payments.WORDS_OF_CASE),
        (Reversal, of_payments.WORDS_OF_REVERSAL),
        (Refund, of_refunds.WORDS_OF_REFUND),
        (RefundCampaign, of_refunds.WORDS_OF_CAMPAIGN),
    ],
)
def test_every_transition_is_put_into_words(model, words):
    transitions = {name for name, method in vars(model).items() if hasattr(method, "_django_fsm")}

    assert transitions
    assert transitions - set(words) == set()
