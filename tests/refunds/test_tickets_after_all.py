"""Whoever was told that tickets let nobody in hears that they do, once the fraud was none."""

from __future__ import annotations

import pytest

from jobs.outbox import handler_of
from refunds.models import Refund, RefundCampaign
from refunds.services import (
    advance_campaign,
    mark_refund_failed,
    override_refund,
    refund_case,
    reject_refund,
    start_campaign,
)
from tests.factories import EventFactory, ShowingFactory, paid_order, seats_in_area
from tests.orders.closing import assert_all_is_well, clear_of_fraud, confirm_fraud, run_all
from tests.orders.dates import bought, had, two_months_pass
from tests.refunds.moved import approved, ask, new_admin, paid_twice, refuse

GOOD_AGAIN = "The event is not called off any more, and your tickets are valid again."
LET_NOBODY_IN = "The tickets let nobody in any more."


@pytest.fixture
def event():
    return EventFactory()


@pytest.fixture
def showing(event):
    return ShowingFactory(event=event)


@pytest.fixture
def order(showing, mailoutbox):
    order = bought(showing, count=2)
    had(mailoutbox)
    return order


def refund_of(order):
    """That of the fraud's campaign; it is approved."""
    run_all()
    campaign = RefundCampaign.objects.get(event=order.event)
    start_campaign(campaign_id=campaign.pk, by=new_admin(), reason="They were deceived.")
    advance_campaign(campaign_id=campaign.pk)
    return Refund.objects.get(order=order)


def give_up(refund):
    refuse(refund)
    mark_refund_failed(refund_id=refund.pk, by=new_admin(), reason="His card is blocked.")


def take_back(refund):
    override_refund(refund_id=refund.pk, percentage=0, by=new_admin(), note="A mistake.")


def told(mails):
    return [mail for mail in mails if GOOD_AGAIN in mail.body]


@pytest.mark.parametrize("end", [give_up, take_back])
@pytest.mark.parametrize("time_passes", [lambda: None, two_months_pass])
def test_a_fraud_that_was_none_is_told_to_those_whose_refund_came_to_nothing_in_it(
    event, order, mailoutbox, end, time_passes
):
    confirm_fraud(event)
    end(refund_of(order))
    assert not any("valid" in mail.body for mail in had(mailoutbox))
    time_passes()

    clear_of_fraud(event)

    [mail] = had(mailoutbox)
    assert (mail.to, told([mail])) == ([order.email], [mail])
    assert all(ticket.code in mail.body for ticket in order.tickets.all())
    handler_of("ticketing.event_cleared")(event_id=event.pk)
    confirm_fraud(event)
    clear_of_fraud(event)
    assert had(mailoutbox) == []
    assert_all_is_well()


def test_what_was_approved_before_the_fraud_is_no_other_case(event, order, mailoutbox):
    refund = approved(order, None)
    run_all()
    confirm_fraud(event)
    assert LET_NOBODY_IN in had(mailoutbox)[0].body
    give_up(refund)
    assert told(had(mailoutbox)) == []

    clear_of_fraud(event)

    assert len(told(had(mailoutbox))) == 1


def test_a_request_that_was_never_approved_called_no_ticket_invalid(event, order, mailoutbox):
    refund = ask(order)
    confirm_fraud(event)
    reject_refund(refund_id=refund.pk, by=new_admin(), reason="It is too late.")

    clear_of_fraud(event)

    assert told(had(mailoutbox)) == []


def test_a_second_payment_that_does_not_go_back_called_no_ticket_invalid(event, order, mailoutbox):
    refund = refund_case(case_id=paid_twice(order).pk)
    confirm_fraud(event)
    give_up(refund)
    assert "No money went back" in had(mailoutbox)[-1].subject

    clear_of_fraud(event)

    assert had(mailoutbox) == []


def test_who_paid_in_vain_gets_the_tickets_when_a_refund_comes_to_nothing_after_the_clearing(
    event, showing, mailoutbox
):
    order = paid_order(seats_in_area(1, showing=showing))
    paid_order(seats_in_area(1, showing=showing))  # its refund is on its way
    confirm_fraud(event)
    refund = refund_of(order)
    clear_of_fraud(event)
    assert told(had(mailoutbox)) == []

    give_up(refund)

    [mail] = told(had(mailoutbox))
    assert mail.to == [order.email]
    assert [name for name, *_ in mail.attachments] == [f"tickets-{order.code}.pdf"]
    assert_all_is_well()


def test_another_percentage_after_the_clearing_gives_no_tickets_back(event, showing, mailoutbox):
    order = paid_order(seats_in_area(1, showing=showing))
    confirm_fraud(event)
    refund = refund_of(order)
    clear_of_fraud(event)

    override_refund(refund_id=refund.pk, percentage=90, by=new_admin(), note="As agreed.")

    assert told(had(mailoutbox)) == []
    assert not order.tickets.valid().exists()
