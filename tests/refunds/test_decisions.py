"""Organizers and admins decide, admins override; everything else is refused and changes nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.errors import TicketNotValid
from orders.models import Order
from orders.services import check_in
from refunds.errors import (
    AmountChanged,
    NoteRequired,
    OverrideNotAllowed,
    RefundAlreadyDecided,
    TicketNotRefundable,
)
from refunds.models import Refund, RefundOverride, RefundStatus
from refunds.policy import Reason
from refunds.services import approve_refund, override_refund, pay_back, reject_refund
from tests.factories import from_now, paid_order, reread, seats_in_area
from tests.refunds.moved import ask
from tests.refunds.test_requests import everything
from tests.rules import broken_rules
from tests.ticketing.event_states import move
from ticketing.errors import NotAllowed
from ticketing.roles import SUPPORT_GROUP
from ticketing.services import reinstate_event


@pytest.fixture
def personal(order, tickets):
    """It waits for the organizer: 400,000 of the order's 1,500,000."""
    return ask(order, tickets[:1])


@pytest.fixture
def postponed(order):
    """It waits for the platform: 1,350,000."""
    event = reread(order.event)
    event.postpone(by=None, at=from_now(), reason="The singer is ill.")
    event.save()
    return ask(order, reason=Reason.POSTPONED)


def refused(error, action, **arguments):
    """The refusal's text; everything is as it was."""
    before = everything()
    overrides = RefundOverride.objects.count()
    with pytest.raises(error) as refusal:
        action(**arguments)
    assert everything() == before
    assert RefundOverride.objects.count() == overrides
    return str(refusal.value)


def test_the_organizer_approves_a_personal_reason(personal, organizer, order, tickets):
    refund = approve_refund(refund_id=personal.pk, by=organizer)

    assert (refund.status, refund.approved_by) == (RefundStatus.APPROVED, organizer)
    assert refund.decision_at is not None
    assert reread(order).refund_reserved_amount == 400_000
    assert reread(tickets[0]).refund_approved_at == refund.decision_at
    assert Job.objects.filter(topic="refunds.pay_back").count() == 1
    entry = StateLog.objects.for_(refund).filter(transition="approve").get()
    assert (entry.by, entry.timestamp) == (organizer, refund.decision_at)
    assert broken_rules() == {}


def test_a_ticket_whose_refund_is_approved_lets_nobody_in(personal, organizer, tickets):
    approve_refund(refund_id=personal.pk, by=organizer)

    with pytest.raises(TicketNotValid):
        check_in(code=tickets[0].code, by=organizer)

    assert reread(tickets[0]).status == "active"
    assert check_in(code=tickets[1].code, by=organizer).status == "used"


def test_somebody_who_went_in_meanwhile_gets_nothing_back(personal, organizer, tickets):
    check_in(code=tickets[0].code, by=organizer)

    refused(TicketNotRefundable, approve_refund, refund_id=personal.pk, by=organizer)

    assert reread(personal).status == RefundStatus.PENDING_ORGANIZER


def test_somebody_who_went_in_after_the_event_was_reinstated_gets_nothing_back(
    postponed, admin, tickets, organizer
):
    reinstate_event(event_id=postponed.order.event_id, by=admin, reason="She is well again.")
    check_in(code=tickets[0].code, by=organizer)

    refused(TicketNotRefundable, approve_refund, refund_id=postponed.pk, by=admin)


def test_a_rejection_tells_why_and_frees_the_tickets(personal, organizer, order, tickets):
    refund = reject_refund(refund_id=personal.pk, by=organizer, reason=" The hall is booked. ")

    assert refund.status == RefundStatus.REJECTED
    assert refund.rejection_reason == "The hall is booked."
    assert reread(order).refund_reserved_amount == 0
    assert ask(order, tickets[:1]).status == RefundStatus.PENDING_ORGANIZER
    assert broken_rules() == {}


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_rejection_without_a_reason_is_refused(personal, organizer, reason):
    refused(NoteRequired, reject_refund, refund_id=personal.pk, by=organizer, reason=reason)


def test_an_admin_may_step_in(personal, admin):
    assert approve_refund(refund_id=personal.pk, by=admin).approved_by == admin


def test_members_of_another_organizer_decide_nothing(personal, stranger):
    refused(NotAllowed, approve_refund, refund_id=personal.pk, by=stranger)
    refused(NotAllowed, reject_refund, refund_id=personal.pk, by=stranger, reason="No.")


def test_members_who_joined_support_decide_nothing_any_more(personal, organizer):
    organizer.groups.add(Group.objects.get_or_create(name=SUPPORT_GROUP)[0])

    refused(NotAllowed, approve_refund, refund_id=personal.pk, by=organizer)


@pytest.mark.parametrize("steps", [["cancel"], ["investigate", "confirm_fraud"]])
def test_the_organizer_decides_nothing_more_at_an_event_that_is_off(
    personal, organizer, admin, steps
):
    move(personal.order.event, *steps)

    refused(NotAllowed, approve_refund, refund_id=personal.pk, by=organizer)
    refused(NotAllowed, reject_refund, refund_id=personal.pk, by=organizer, reason="No.")

    assert approve_refund(refund_id=personal.pk, by=admin).status == RefundStatus.APPROVED


def test_the_organizer_decides_while_an_event_is_looked_into_or_cleared(personal, organizer):
    move(personal.order.event, "investigate", "confirm_fraud", "clear")

    assert approve_refund(refund_id=personal.pk, by=organizer).approved_by == organizer


def test_customers_decide_nothing(personal, customer):
    refused(NotAllowed, approve_refund, refund_id=personal.pk, by=customer)


def test_nobody_decides_about_an_own_refund(order, tickets):
    order.event.organizer.members.add(order.customer)
    refund = ask(order, tickets[:1])

    refused(NotAllowed, approve_refund, refund_id=refund.pk, by=order.customer)


def test_what_another_refund_took_since_is_not_given_once_more(personal, organizer, admin, order):
    """90 % of 1,500,000 are 1,350,000 for both together."""
    approve_refund(refund_id=personal.pk, by=organizer)
    event = reread(order.event)
    event.postpone(by=None, at=from_now(), reason="The singer is ill.")
    event.save()
    rest = ask(order, reason=Reason.POSTPONED)
    assert rest.amount == 950_000
    override_refund(refund_id=personal.pk, percentage=100, by=admin, note="She was promised it.")

    told = refused(AmountChanged, approve_refund, refund_id=rest.pk, by=admin)

    assert "850,000" in told
    override_refund(refund_id=rest.pk, percentage=90, by=admin, note="What is missing.")
    approve_refund(refund_id=rest.pk, by=admin)
    assert (reread(personal).amount, reread(rest).amount) == (500_000, 850_000)
    assert broken_rules() == {}


def freed_beside_a_postponed_refund(personal, organizer, admin, order, *, is_approved=False):
    """The refund of all but one ticket, the refund of which was overridden to nothing since."""
    approve_refund(refund_id=personal.pk, by=organizer)
    event = reread(order.event)
    event.postpone(by=None, at=from_now(), reason="The singer is ill.")
    event.save()
    rest = ask(order, reason=Reason.POSTPONED)
    if is_approved:
        approve_refund(refund_id=rest.pk, by=admin)
    override_refund(refund_id=personal.pk, percentage=0, by=admin, note="A reseller.")
    return rest


@pytest.mark.parametrize("is_approved", [False, True])
def test_what_is_topped_up_to_the_whole_order_takes_back_all_of_its_tickets(
    personal, organizer, admin, order, is_approved
):
    rest = freed_beside_a_postponed_refund(
        personal, organizer, admin, order, is_approved=is_approved
    )

    override_refund(refund_id=rest.pk, percentage=90, by=admin, note="What is missing.")
    if not is_approved:
        approve_refund(refund_id=rest.pk, by=admin)

    assert reread(rest).amount == 1_350_000
    assert not order.tickets.valid().exists()
    assert rest.tickets.live().count() == 3
    assert broken_rules() == {}


@pytest.mark.parametrize("is_approved", [False, True])
def test_what_is_asked_for_beside_a_whole_order_is_decided_first(
    personal, organizer, admin, order, tickets, is_approved
):
    """Else its ticket is paid for by both, or stays valid though all of the order is paid for."""
    rest = freed_beside_a_postponed_refund(
        personal, organizer, admin, order, is_approved=is_approved
    )
    again = ask(order, tickets[:1])

    refused_one = {"refund_id": rest.pk, "by": admin}
    for percentage in (60, 90, 100):
        given = {**refused_one, "percentage": percentage, "note": "What is missing."}
        assert str(again) in refused(TicketNotRefundable, override_refund, **given)
    if not is_approved:
        assert str(again) in refused(TicketNotRefundable, approve_refund, **refused_one)

    approve_refund(refund_id=again.pk, by=organizer)
    if not is_approved:
        approve_refund(refund_id=rest.pk, by=admin)
    assert (reread(rest).amount, reread(order).refund_reserved_amount) == (950_000, 1_350_000)
    assert not order.tickets.valid().exists()
    assert broken_rules() == {}


def test_a_whole_order_is_topped_up_once_the_request_beside_it_is_rejected(
    personal, organizer, admin, order, tickets
):
    rest = freed_beside_a_postponed_refund(personal, organizer, admin, order)
    again = ask(order, tickets[:1])
    reject_refund(refund_id=again.pk, by=organizer, reason="The platform gives it all back.")

    override_refund(refund_id=rest.pk, percentage=90, by=admin, note="What is missing.")
    approve_refund(refund_id=rest.pk, by=admin)

    assert reread(rest).amount == 1_350_000
    assert not order.tickets.valid().exists()
    assert broken_rules() == {}


def test_a_whole_order_is_overridden_to_0_whatever_waits_beside_it(
    personal, organizer, admin, order, tickets
):
    rest = freed_beside_a_postponed_refund(personal, organizer, admin, order, is_approved=True)
    again = ask(order, tickets[:1])

    override_refund(refund_id=rest.pk, percentage=0, by=admin, note="A reseller.")

    assert (reread(rest).status, reread(again).status) == ("rejected", "pending_organizer")
    assert broken_rules() == {}


def test_an_override_to_0_takes_no_further_tickets(personal, organizer, admin, order):
    rest = freed_beside_a_postponed_refund(personal, organizer, admin, order)

    override_refund(refund_id=rest.pk, percentage=0, by=admin, note="A reseller.")

    assert order.tickets.valid().count() == 3
    assert rest.tickets.count() == 2
    assert broken_rules() == {}


@pytest.mark.parametrize("is_approved", [False, True])
def test_nothing_is_topped_up_for_a_ticket_that_somebody_went_in_with(
    personal, organizer, admin, order, tickets, is_approved
):
    rest = freed_beside_a_postponed_refund(
        personal, organizer, admin, order, is_approved=is_approved
    )
    reinstate_event(event_id=order.event_id, by=admin, reason="The singer is well.")
    check_in(code=tickets[0].code, by=organizer)

    told = refused(
        TicketNotRefundable,
        override_refund,
        refund_id=rest.pk,
        percentage=90,
        by=admin,
        note="What is missing.",
    )

    assert tickets[0].code in told
    assert rest.tickets.count() == 2


def test_a_whole_order_is_not_approved_without_a_ticket_of_no_price(organizer, admin, showing):
    """Nothing is missing for it, but its seat would stay taken."""
    seats = [*seats_in_area(1, showing=showing), *seats_in_area(1, showing=showing, price=0)]
    order = paid_order(seats)
    free = ask(order, [order.tickets.get(price=0)])
    rest = freed_beside_a_postponed_refund(free, organizer, admin, order)

    refused(AmountChanged, approve_refund, refund_id=rest.pk, by=admin)

    override_refund(refund_id=rest.pk, percentage=90, by=admin, note="All of it.")
    approve_refund(refund_id=rest.pk, by=admin)
    assert not order.tickets.valid().exists()
    assert broken_rules() == {}


def test_a_postponed_event_is_not_the_organizers_to_decide(postponed, organizer, admin):
    refused(NotAllowed, approve_refund, refund_id=postponed.pk, by=organizer)
    refused(NotAllowed, reject_refund, refund_id=postponed.pk, by=organizer, reason="No.")

    assert approve_refund(refund_id=postponed.pk, by=admin).status == RefundStatus.APPROVED


@pytest.mark.parametrize("first", [approve_refund, reject_refund])
@pytest.mark.parametrize("second", [approve_refund, reject_refund])
def test_a_decision_is_taken_once(personal, organizer, admin, first, second):
    why = {approve_refund: {}, reject_refund: {"reason": "No."}}
    first(refund_id=personal.pk, by=organizer, **why[first])

    refused(RefundAlreadyDecided, second, refund_id=personal.pk, by=admin, **why[second])


@pytest.mark.parametrize(
    ("percentage", "amount"), [(60, 300_000), (80, 400_000), (90, 450_000), (100, 500_000)]
)
def test_an_override_changes_a_waiting_refund(personal, admin, percentage, amount):
    refund = override_refund(
        refund_id=personal.pk, percentage=percentage, by=admin, note="Known customer."
    )

    assert refund.status == RefundStatus.PENDING_ORGANIZER
    assert (refund.percentage_applied, refund.amount) == (percentage, amount)
    assert "override" in [step["rule"] for step in refund.explanation]
    kept = RefundOverride.objects.get(refund=refund)
    assert (kept.old_percentage, kept.old_amount) == (80, 400_000)
    assert (kept.new_percentage, kept.new_amount) == (percentage, amount)
    assert (kept.actor, kept.note) == (admin, "Known customer.")


def test_an_override_of_an_approved_refund_moves_what_is_reserved(personal, admin, order):
    approve_refund(refund_id=personal.pk, by=admin)

    override_refund(refund_id=personal.pk, percentage=100, by=admin, note="Our fault.")

    assert reread(order).refund_reserved_amount == 500_000
    assert broken_rules() == {}


@pytest.mark.parametrize("is_approved", [False, True])
def test_an_override_to_0_rejects(personal, admin, order, tickets, is_approved):
    if is_approved:
        approve_refund(refund_id=personal.pk, by=admin)

    refund = override_refund(refund_id=personal.pk, percentage=0, by=admin, note="A reseller.")

    assert (refund.status, refund.rejection_reason) == (RefundStatus.REJECTED, "A reseller.")
    assert (reread(refund).percentage_applied, reread(refund).amount) == (0, 0)
    assert reread(order).refund_reserved_amount == 0
    assert reread(tickets[0]).refund_approved_at is None
    assert broken_rules() == {}


@pytest.mark.parametrize("percentage", [-1, 1, 50, 79, 99, 101, 1000])
def test_other_percentages_are_refused(personal, admin, percentage):
    refused(
        OverrideNotAllowed,
        override_refund,
        refund_id=personal.pk,
        percentage=percentage,
        by=admin,
        note="Why not.",
    )


def test_only_admins_override(personal, organizer, customer):
    for user in (organizer, customer):
        refused(
            NotAllowed,
            override_refund,
            refund_id=personal.pk,
            percentage=100,
            by=user,
            note="Please.",
        )


def test_an_override_needs_a_note(personal, admin):
    refused(
        NoteRequired, override_refund, refund_id=personal.pk, percentage=100, by=admin, note=" "
    )


def test_an_override_comes_too_late_once_it_is_on_its_way(personal, admin, organizer):
    approve_refund(refund_id=personal.pk, by=organizer)
    pay_back(refund_id=personal.pk)
    assert reread(personal).status == "processing"

    refused(
        OverrideNotAllowed,
        override_refund,
        refund_id=personal.pk,
        percentage=100,
        by=admin,
        note="Too late.",
    )


def test_the_cap_holds_when_two_refunds_are_overridden_up(order, tickets, admin):
    """90 % of the order and 100 % of its parts are more than all of it."""
    parts = [ask(order, [ticket]) for ticket in tickets]
    for part in parts:
        override_refund(refund_id=part.pk, percentage=100, by=admin, note="All of it.")
        approve_refund(refund_id=part.pk, by=admin)

    assert reread(order).refund_reserved_amount == Order.objects.get().total_amount
    assert Refund.objects.filter(status="approved").count() == 3
    assert broken_rules() == {}
