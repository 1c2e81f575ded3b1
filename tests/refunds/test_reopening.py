"""An admin overrides what was rejected for a personal reason: it waits for the platform again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.services import check_in
from refunds.errors import (
    AmountChanged,
    NothingToRefund,
    OverrideNotAllowed,
    RefundNotOffered,
    RefundWindowClosed,
    TicketNotRefundable,
)
from refunds.handlers import mail_refund
from refunds.models import RefundOverride
from refunds.policy import Reason
from refunds.services import approve_refund, override_refund, reject_refund, request_refund
from tests.refunds.moved import give_back, new_admin, postpone
from tests.refunds.test_decisions import ask, refused
from tests.refunds.test_mails import in_english, run, told  # noqa: F401  a fixture
from tests.refunds.test_requests import reread
from tests.rules import broken_rules
from tests.ticketing.event_states import move
from ticketing.errors import NotAllowed
from ticketing.models import Event, Showing

NOTE = "She broke her leg."


def take_up(refund, percentage=60, **given):
    given = {"by": new_admin(), "note": NOTE} | given
    return override_refund(refund_id=refund.pk, percentage=percentage, **given)


def not_taken_up(error, refund, percentage=60, **given):
    given = {"by": new_admin(), "note": NOTE} | given
    return refused(error, override_refund, refund_id=refund.pk, percentage=percentage, **given)


@pytest.fixture
def rejected(order, tickets, organizer):
    """The organizer did not want it: 400,000 of the order's 1,500,000."""
    refund = ask(order, tickets[:1])
    return reject_refund(refund_id=refund.pk, by=organizer, reason="The hall is booked.")


def too_late(order):
    """Now nobody can ask for a personal reason any more."""
    sale_end = order.showing.ticket_sale_end - timedelta(days=8)
    Showing.objects.filter(pk=order.showing_id).update(ticket_sale_end=sale_end)


def test_what_the_organizer_refused_waits_for_the_platform(rejected, admin, organizer, tickets):
    take_up(rejected, 60, by=admin)

    refund = reread(rejected)
    assert (refund.status, refund.percentage_applied, refund.amount) == (
        "pending_admin",
        60,
        300_000,
    )
    assert (refund.rejection_reason, refund.decision_at, refund.approved_by) == ("", None, None)
    kept = RefundOverride.objects.get()
    assert (kept.old_percentage, kept.new_percentage, kept.actor) == (80, 60, admin)
    assert not Job.objects.filter(topic="refunds.pay_back").exists()
    with pytest.raises(TicketNotRefundable):
        ask(refund.order, tickets[:1])
    with pytest.raises(NotAllowed):
        approve_refund(refund_id=refund.pk, by=organizer)
    assert broken_rules() == {}


def test_the_log_keeps_what_the_organizer_had_said(rejected, admin, organizer):
    take_up(rejected, by=admin)

    steps = StateLog.objects.for_(rejected).order_by("pk").values_list("by", "description")
    assert list(steps)[-2:] == [(organizer.pk, "The hall is booked."), (admin.pk, NOTE)]


def test_nobody_is_told_any_more_that_the_organizer_decides(rejected):
    take_up(rejected, 90)

    texts = [step["text"]["en"] for step in reread(rejected).explanation]
    assert "An admin decided on 90 %; the rules alone would give 80 %." in texts
    assert texts[-1] == "An admin of the platform decides about this refund."


def test_an_admin_grants_what_can_not_be_asked_for_any_more(rejected, admin, order, tickets):
    too_late(order)
    with pytest.raises(RefundWindowClosed):
        ask(order, tickets[:1])

    take_up(rejected, 80, by=admin)
    approve_refund(refund_id=rejected.pk, by=admin)
    assert reread(order).refund_reserved_amount == 400_000
    give_back(rejected)

    assert (reread(rejected).status, reread(order).refunded_amount) == ("partial", 400_000)
    assert reread(tickets[0]).status == "refunded"
    assert broken_rules() == {}


def test_an_admin_takes_back_an_own_override_to_0(order, tickets, admin):
    refund = ask(order, tickets[:1])
    approve_refund(refund_id=refund.pk, by=admin)
    override_refund(refund_id=refund.pk, percentage=0, by=admin, note="A reseller.")

    take_up(refund, 100, by=admin)

    assert (reread(refund).status, reread(refund).approved_by) == ("pending_admin", None)
    assert reread(order).refund_reserved_amount == 0
    approve_refund(refund_id=refund.pk, by=admin)
    assert reread(order).refund_reserved_amount == 500_000
    assert broken_rules() == {}


def test_it_may_be_rejected_and_taken_up_again(rejected, admin):
    take_up(rejected, by=admin)
    reject_refund(refund_id=rejected.pk, by=admin, reason="No doctor says so.")
    assert reread(rejected).rejection_reason == "No doctor says so."

    take_up(rejected, 90, by=admin)

    assert (reread(rejected).status, reread(rejected).amount) == ("pending_admin", 450_000)
    assert broken_rules() == {}


def test_the_same_request_repeated_is_answered_as_it_stands(order, admin):
    asked = {
        "order_id": order.pk,
        "requester": order.customer,
        "reason": Reason.PERSONAL,
        "idempotency_key": "5f1c",
        "request_digest": "the same",
    }
    refund = request_refund(**asked)
    reject_refund(refund_id=refund.pk, by=admin, reason="The hall is booked.")
    take_up(refund)

    assert request_refund(**asked).status == "pending_admin"


def test_0_percent_of_what_is_rejected_are_refused(rejected):
    assert "rejected already" in not_taken_up(OverrideNotAllowed, rejected, 0)


def test_nobody_takes_up_an_own_refund(rejected, order):
    order.customer.is_superuser = order.customer.is_staff = True
    order.customer.save()

    not_taken_up(NotAllowed, rejected, by=order.customer)


def test_organizers_take_nothing_up(rejected, organizer):
    not_taken_up(NotAllowed, rejected, by=organizer)


def test_a_ticket_that_somebody_went_in_with_is_not_taken_up(rejected, organizer, tickets):
    check_in(code=tickets[0].code, by=organizer)

    assert tickets[0].code in not_taken_up(TicketNotRefundable, rejected)


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_ticket_that_was_asked_back_again_is_not_taken_up(rejected, admin, tickets, is_approved):
    again = ask(rejected.order, tickets[:2])
    if is_approved:
        approve_refund(refund_id=again.pk, by=admin)

    assert tickets[0].code in not_taken_up(TicketNotRefundable, rejected)


def test_what_was_given_back_since_is_not_taken_up(rejected, admin, order):
    rest = ask(order)
    override_refund(refund_id=rest.pk, percentage=100, by=admin, note="All of it.")
    approve_refund(refund_id=rest.pk, by=admin)
    give_back(rest)
    assert reread(order).status == "refunded"

    not_taken_up(NothingToRefund, rejected)


@pytest.mark.parametrize("steps", [["cancel"], ["investigate", "confirm_fraud"]])
def test_nothing_is_taken_up_at_an_event_that_is_off(rejected, steps):
    move(rejected.order.event, *steps)

    not_taken_up(RefundNotOffered, rejected)


def test_a_postponed_order_is_asked_for_again_instead(order, admin):
    postpone(order.event_id)
    refund = ask(order, reason=Reason.POSTPONED)
    reject_refund(refund_id=refund.pk, by=admin, reason="It has a date.")

    not_taken_up(OverrideNotAllowed, refund, 90)


def test_no_more_than_is_left_of_the_order_is_taken_up(rejected, admin, order, tickets):
    """90 % of all went back for the others: 150,000 are left, and not the ticket's 300,000."""
    others = ask(order, tickets[1:])
    approve_refund(refund_id=others.pk, by=admin)
    type(order).objects.filter(pk=order.pk).update(refund_reserved_amount=1_350_000)

    take_up(rejected, 60)

    assert reread(rejected).amount == 150_000


def test_nothing_is_taken_up_for_another_amount_than_was_shown(rejected):
    not_taken_up(AmountChanged, rejected, 60, shown_amount=400_000)


def test_the_customer_hears_of_each_decision(in_english, organizer, admin):  # noqa: F811
    refund = ask(in_english)
    run()
    reject_refund(refund_id=refund.pk, by=organizer, reason="The hall is booked.")
    run()
    take_up(refund, by=admin)
    run()
    reject_refund(refund_id=refund.pk, by=admin, reason="No doctor says so.")
    run()
    take_up(refund, by=admin)
    approve_refund(refund_id=refund.pk, by=admin)
    run()
    mail_refund(refund_id=refund.pk, status="approved")
    run()

    _request, first, second, approval = told(in_english.customer)
    assert first.subject == second.subject == f"Your refund for order {in_english.code} was refused"
    assert "Why: The hall is booked." in first.body
    assert "Why: No doctor says so." in second.body
    assert approval.subject == f"Your refund for order {in_english.code} is approved"
    assert "900,000 VND goes back" in approval.body
    assert "An admin of the platform decides about this refund." in approval.body


def test_an_approval_after_one_that_was_taken_back_is_told(in_english, organizer, admin):  # noqa: F811
    refund = ask(in_english)
    approve_refund(refund_id=refund.pk, by=organizer)
    mail_refund(refund_id=refund.pk, status="approved")
    override_refund(refund_id=refund.pk, percentage=0, by=admin, note="A reseller.")
    mail_refund(refund_id=refund.pk, status="rejected")
    take_up(refund, by=admin)
    approve_refund(refund_id=refund.pk, by=admin)
    run()

    ends = [each.subject.split()[-1] for each in told(in_english.customer)]
    assert ends == ["approved", "refused", "approved"]


@pytest.mark.parametrize("is_approved", [False, True])
def test_what_was_decided_before_is_not_told_after_it_was_taken_up(
    in_english,  # noqa: F811
    organizer,
    admin,
    is_approved,
):
    refund = ask(in_english)
    run()
    mail.outbox.clear()
    approve_refund(refund_id=refund.pk, by=organizer)
    override_refund(refund_id=refund.pk, percentage=0, by=admin, note="A reseller.")
    take_up(refund, by=admin)
    if is_approved:
        approve_refund(refund_id=refund.pk, by=admin)

    run()

    ends = [each.subject.split()[-1] for each in told(in_english.customer)]
    assert ends == (["approved"] if is_approved else [])


def test_an_event_that_approves_by_itself_does_not_approve_what_is_taken_up(order, admin):
    Event.objects.filter(pk=order.event_id).update(auto_approve_refund=True)
    refund = ask(reread(order))
    assert refund.status == "approved"
    override_refund(refund_id=refund.pk, percentage=0, by=admin, note="A reseller.")

    take_up(refund, by=admin)

    assert reread(refund).status == "pending_admin"
    last = reread(refund).explanation[-1]["text"]["en"]
    assert last == "An admin of the platform decides about this refund."


def test_a_postponed_refund_does_not_take_the_place_of_what_an_admin_has_taken_up(
    rejected, tickets
):
    take_up(rejected, 100)
    postpone(rejected.order.event_id)

    with pytest.raises(TicketNotRefundable, match="waits for a decision"):
        ask(rejected.order, None, Reason.POSTPONED)

    assert (reread(rejected).status, reread(rejected).percentage_applied) == ("pending_admin", 100)


def test_what_is_overridden_once_more_does_not_say_that_its_organizer_decides(rejected, admin):
    take_up(rejected, 60)
    approve_refund(refund_id=rejected.pk, by=admin)

    take_up(rejected, 80)

    told = " ".join(step["text"]["en"] for step in reread(rejected).explanation)
    assert "organizer" not in told.lower()
    assert "needs nobody's approval" not in told
