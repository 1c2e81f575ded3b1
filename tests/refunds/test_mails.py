"""What people are told about refunds: once per step, in the language of the order."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail

from jobs.services import run_due_jobs
from orders.models import Order
from refunds.handlers import mail_refund
from refunds.policy import Reason
from refunds.services import (
    approve_refund,
    mark_refund_failed,
    mark_refund_paid,
    override_refund,
    refund_case,
    reject_refund,
    request_refund,
)
from tests.back_office.refund_rows import failed, sent_in_vain
from tests.factories import CustomerFactory, paid_order, seats_in_area
from tests.refunds.campaigns import cancel
from tests.refunds.moved import paid_twice, take_place_yesterday
from tests.refunds.stand_in import bought, dead_jobs, wait_for_the_bank, work
from tests.ticketing.event_states import move
from ticketing.models import Event


@pytest.fixture
def in_english(order):
    Order.objects.filter(pk=order.pk).update(language="en")
    return Order.objects.get(pk=order.pk)


def ask(order, **options):
    return request_refund(
        order_id=order.pk, requester=order.customer, reason=Reason.PERSONAL, **options
    )


def run():
    while run_due_jobs():
        pass
    assert dead_jobs() == []


def told(person):
    """The mails to this person about refunds, oldest first."""
    return [each for each in mail.outbox if each.to == [person.email] and is_about_refund(each)]


def is_about_refund(message):
    return any(word in message.subject.lower() for word in ("refund", "money", "hoàn"))


def test_a_request_is_confirmed_and_the_organizer_is_asked_to_decide(in_english, organizer):
    refund = ask(in_english)
    run()

    [to_customer] = told(in_english.customer)
    assert to_customer.subject == f"We have your refund request for order {in_english.code}"
    assert "The organizer of the event decides" in to_customer.body
    assert "80 %" in to_customer.body
    [to_organizer] = told(organizer)
    assert "1,200,000 VND" in to_organizer.body
    assert f"/admin/refunds/refund/{refund.pk}/change/" in to_organizer.body


def test_members_of_other_organizers_are_not_told(in_english, organizer, stranger, admin):
    ask(in_english)
    run()

    assert told(stranger) == []
    assert told(admin) == []


def test_admins_are_asked_to_decide_about_an_event_that_was_off_before_its_organizer_heard(
    in_english, organizer, admin
):
    ask(in_english)
    move(in_english.event, "investigate", "confirm_fraud")
    run()

    assert told(organizer) == []
    [to_admin] = told(admin)
    assert to_admin.subject == f"Decide about a refund for order {in_english.code}"
    [to_customer] = [each for each in told(in_english.customer) if "request" in each.subject]
    assert "We look at it and decide." in to_customer.body
    assert "The organizer of the event decides" not in to_customer.body


@pytest.mark.parametrize("side", ["customer", "support"])
def test_where_no_member_can_decide_admins_are_asked(in_english, organizer, admin, side):
    """A member who is no staff opens no page of the back office, and support decides nothing."""
    if side == "support":
        organizer.groups.add(Group.objects.get_or_create(name="support")[0])
    else:
        organizer.is_staff = False
        organizer.save()

    ask(in_english)
    run()

    assert told(organizer) == []
    assert len(told(admin)) == 1


def test_who_asks_for_money_back_is_not_asked_to_decide_about_it(in_english, organizer, admin):
    in_english.event.organizer.members.set([in_english.customer])
    User.objects.filter(pk=in_english.customer_id).update(is_staff=True)

    ask(in_english)
    run()

    asked = [each for each in told(in_english.customer) if "You decide" in each.body]
    assert (asked, len(told(admin))) == ([], 1)


def test_an_approval_says_how_much_goes_back_and_that_the_tickets_are_void(in_english, organizer):
    refund = ask(in_english)
    approve_refund(refund_id=refund.pk, by=organizer)
    mail_refund(refund_id=refund.pk, status="approved")
    run()

    approved = [each for each in told(in_english.customer) if "is approved" in each.subject]
    [message] = approved
    assert "1,200,000 VND goes back" in message.body
    assert "let nobody in" in message.body


def test_an_approval_that_was_taken_back_before_it_could_be_told_is_not_told(
    in_english, organizer, admin
):
    refund = ask(in_english)
    run()
    mail.outbox.clear()

    approve_refund(refund_id=refund.pk, by=organizer)
    override_refund(refund_id=refund.pk, percentage=0, by=admin, note="It was a resale.")
    run()

    [message] = told(in_english.customer)
    assert message.subject == f"Your refund for order {in_english.code} was refused"


@pytest.mark.parametrize("decide", [approve_refund, partial(reject_refund, reason="No.")])
def test_nobody_is_asked_to_decide_or_told_to_wait_for_what_is_decided(
    in_english, organizer, decide
):
    """A job that tells of the request may run after the decision's, when many had to wait."""
    refund = ask(in_english)
    decide(refund_id=refund.pk, by=organizer)
    run()

    assert told(organizer) == []
    [message] = told(in_english.customer)
    assert "You get another mail" not in message.body
    assert ("is approved" in message.subject) != ("was refused" in message.subject)


def test_a_rejection_tells_why(in_english, organizer):
    refund = ask(in_english)
    run()
    reject_refund(refund_id=refund.pk, by=organizer, reason="<b>The hall</b> is booked.")
    run()

    message = told(in_english.customer)[-1]
    assert message.subject == f"Your refund for order {in_english.code} was refused"
    assert "<b>The hall</b> is booked." in message.body
    [(html, _)] = message.alternatives
    assert "&lt;b&gt;The hall&lt;/b&gt; is booked." in html


@pytest.mark.parametrize("end", ["rejected", "given up"])
def test_once_the_showing_is_over_nobody_is_told_that_tickets_are_good(in_english, admin, end):
    refund = ask(in_english) if end == "rejected" else failed(ask(in_english))
    take_place_yesterday(in_english.showing_id)

    if end == "rejected":
        reject_refund(refund_id=refund.pk, by=admin, reason="It is too late.")
    else:
        mark_refund_failed(refund_id=refund.pk, by=admin, reason="The card was stolen.")
    run()

    message = told(in_english.customer)[-1]
    assert ("was refused" if end == "rejected" else "No money went back") in message.subject
    assert "tickets" not in message.body.split("Order ")[0]


def test_a_request_that_a_cancellation_covers_is_not_told_that_its_tickets_stay_valid(
    in_english, organizer, admin
):
    ask(in_english)
    run()
    mail.outbox.clear()

    cancel(in_english.event, admin, leaves_campaign_to_us=False)
    work()

    refused, approved = told(in_english.customer)[:2]
    assert "all of the order's money goes back instead" in refused.body
    assert "tickets stay valid" not in refused.body
    assert "is approved" in approved.subject


def test_money_that_is_back_is_told_once(vnpay, client, showing, customer):
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=True)
    payment = bought(vnpay, client, showing, customer)
    Order.objects.update(language="vi")
    refund = ask(payment.order)
    work()
    mail_refund(refund_id=refund.pk, status="partial")
    run()

    back = [each for each in told(customer) if "800.000 VND" in each.body]
    subjects = [each.subject for each in back]
    assert len(subjects) == len(set(subjects)) == 2  # approved, and back
    assert not any("Your" in subject for subject in subjects)


def test_money_that_went_another_way_is_not_said_to_be_where_it_came_from(in_english, admin):
    refund = failed(ask(in_english))
    mark_refund_paid(refund_id=refund.pk, by=admin, evidence="Bank transfer FT26325001.")
    run()

    message = told(in_english.customer)[-1]
    assert "1,200,000 VND was given back to you." in message.body
    assert "came from" not in message.body


def test_admins_are_told_what_the_provider_did_not_pay_out(vnpay, client, showing, customer):
    admins = CustomerFactory.create_batch(2, is_staff=True, is_superuser=True)
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=True)
    vnpay.set_weather(refund_outcome="processing_then_rejected")
    payment = bought(vnpay, client, showing, customer)
    refund = ask(payment.order)
    assert wait_for_the_bank(refund) == "payment_failed"
    run()

    for admin in admins:
        [message] = told(admin)
        assert payment.order.code in message.subject
        assert f"/admin/refunds/refund/{refund.pk}/change/" in message.body
    assert not any("payment_failed" in each.body for each in told(customer))

    mark_refund_failed(refund_id=refund.pk, by=admins[0], reason="The card was stolen.")
    run()
    assert payment.order.code in told(customer)[-1].subject
    assert "stolen" not in told(customer)[-1].body


def test_whoever_gets_no_money_of_a_cancelled_event_is_not_told_that_the_tickets_are_good(
    in_english, admin
):
    refund = failed(ask(in_english))
    cancel(in_english.event, admin)

    mark_refund_failed(refund_id=refund.pk, by=admin, reason="The card was stolen.")
    run()

    message = next(each for each in told(in_english.customer) if "No money" in each.subject)
    assert "have closed it" in message.body
    assert "Your tickets are as they were" not in message.body


def test_of_a_late_payment_that_does_not_go_back_no_tickets_are_told(in_english, admin):
    refund = sent_in_vain(refund_case(case_id=paid_twice(in_english).pk))

    mark_refund_failed(refund_id=refund.pk, by=admin, reason="Paid by hand, in cash.")
    run()

    message = next(each for each in told(in_english.customer) if "No money" in each.subject)
    assert "have closed it" in message.body
    assert "Your tickets are as they were" not in message.body


def test_of_free_tickets_no_money_is_said_to_go_back(showing, customer):
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=True)
    order = paid_order(seats_in_area(1, showing=showing, price=0), customer=customer)
    Order.objects.filter(pk=order.pk).update(language="en")

    ask(order)
    work()

    [message] = told(customer)
    assert message.subject == f"Your refund for order {order.code} is approved"
    assert "No money has to move" in message.body
    assert "let nobody in" in message.body
    assert "goes back to where" not in message.body
