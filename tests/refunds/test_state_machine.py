"""Every step of a refund in every state: done as `design.md` sections 4 and 5 say, or refused."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import product

import pytest
from django.db import transaction
from django_fsm import TransitionNotAllowed, can_proceed

from jobs.models import Job
from orders.models import Order, Ticket
from payments.models import Payment, PaymentCase, Reversal
from payments.providers import RefundState
from refunds import services
from refunds.errors import (
    NothingToRefund,
    OverrideNotAllowed,
    RefundAlreadyDecided,
    RefundNotFailed,
)
from refunds.models import Refund, RefundOverride, RefundStatus
from refunds.operations.whole_orders import refund_whole_orders
from refunds.policy import Reason
from tests.factories import from_now, paid_order, reread, seats_in_area
from tests.refunds.moved import (
    MADE,
    approved,
    ask,
    give_back,
    leave_unclear,
    lose_sight_of,
    new_admin,
    paid_twice,
    payment_failed,
    postpone,
    refuse,
    say,
    unclear,
)
from tests.refunds.test_requests import everything
from tests.rules import broken_rules
from ticketing.models import Seat

UNDECIDED = {"requested", "pending_organizer", "pending_admin"}

TRANSITIONS = {
    "ask_organizer": {"requested": "pending_organizer"},
    "ask_admin": {"requested": "pending_admin"},
    "approve": dict.fromkeys(UNDECIDED, "approved"),
    "reject": dict.fromkeys(UNDECIDED | {"approved"}, "rejected"),
    "reopen": {"rejected": "pending_admin"},
    "process": dict.fromkeys({"approved", "payment_failed"}, "processing"),
    "complete": dict.fromkeys({"processing", "payment_failed"}, "completed"),
    "complete_partly": dict.fromkeys({"processing", "payment_failed"}, "partial"),
    "note_payment_failure": dict.fromkeys({"processing", "payment_failed"}, "payment_failed"),
    "fail": {"payment_failed": "failed"},
}


def everywhere():
    """All that a step could change."""
    rows = [Payment, Reversal, PaymentCase, Ticket, Seat, RefundOverride]
    return [*everything(), *(list(model.objects.order_by("pk").values()) for model in rows)]


def test_the_model_knows_these_transitions_and_no_other():
    names = {each.name for each in Refund(status="requested").get_all_status_transitions()}

    assert names == set(TRANSITIONS)
    assert set(RefundStatus.values) == set(MADE)


@pytest.mark.parametrize(("step", "status"), [*product(TRANSITIONS, RefundStatus.values)])
def test_a_transition_leads_where_the_table_says(order, tickets, step, status):
    refund = reread(MADE[status](order, tickets[:1]))
    move = getattr(refund, step)
    given = {"error": {}} if step == "note_payment_failure" else {}

    is_allowed = can_proceed(move)
    with nullcontext() if is_allowed else pytest.raises(TransitionNotAllowed):
        move(by=None, at=from_now(), reason="The test moves it.", **given)

    assert is_allowed == (status in TRANSITIONS[step])
    assert refund.status == TRANSITIONS[step].get(status, status)


def override_to(percentage):
    def override(refund):
        services.override_refund(
            refund_id=refund.pk, percentage=percentage, by=new_admin(), note="Looked at it."
        )

    return override


def hear(state):
    """The provider's word, and what the refund makes of it."""

    def act(refund):
        if refund.reversal_id:
            say(refund.reversal_id, state)
            services.record_reversal(reversal_id=refund.reversal_id)

    return act


def hear_nothing(refund):
    if refund.reversal_id and refund.reversal.status in Reversal.OPEN:
        leave_unclear(refund.reversal_id)
        services.record_unclear_reversal(reversal_id=refund.reversal_id)


def by_admin(service, **note):
    return lambda refund: service(refund_id=refund.pk, by=new_admin(), **note)


STEPS = {
    "approve": by_admin(services.approve_refund),
    "reject": by_admin(services.reject_refund, reason="The hall is booked."),
    "override to 100": override_to(100),
    "override to 0": override_to(0),
    "pay back": lambda refund: services.pay_back(refund_id=refund.pk),
    "hear success": hear(RefundState.DONE),
    "hear refusal": hear(RefundState.REJECTED),
    "hear nothing": hear_nothing,
    "retry": by_admin(services.retry_refund, note="The portal shows nothing."),
    "mark paid": by_admin(services.mark_refund_paid, evidence="Transfer FT26325001."),
    "mark paid by the provider": by_admin(
        services.mark_refund_paid, evidence="The portal shows it.", by_provider=True
    ),
    "mark failed": by_admin(services.mark_refund_failed, reason="The card was stolen."),
}
# Where a step leads; from any other state it is refused, or is a repeat that changes nothing.
LEADS = {
    "approve": dict.fromkeys(UNDECIDED, "approved"),
    "reject": dict.fromkeys(UNDECIDED, "rejected"),
    "override to 100": {each: each for each in UNDECIDED | {"approved"}}
    | {"rejected": "pending_admin"},
    "override to 0": dict.fromkeys(UNDECIDED | {"approved"}, "rejected"),
    "pay back": {"approved": "processing"},
    "hear success": {"processing": "partial"},
    "hear refusal": {"processing": "payment_failed"},
    "hear nothing": {"processing": "payment_failed"},
    "retry": {"payment_failed": "processing"},
    "mark paid": {"payment_failed": "partial"},
    "mark failed": {"payment_failed": "failed"},
}
REFUSALS = {
    "approve": RefundAlreadyDecided,
    "reject": RefundAlreadyDecided,
    "override to 100": OverrideNotAllowed,
    "override to 0": OverrideNotAllowed,
    "retry": RefundNotFailed,
    "mark paid": RefundNotFailed,
    "mark failed": RefundNotFailed,
}


@pytest.mark.parametrize(("step", "status"), [(s, f) for s in LEADS for f in sorted(LEADS[s])])
def test_a_step_leads_where_the_table_says(order, tickets, step, status):
    refund = MADE[status](order, tickets[:1])
    assert reread(refund).status == status

    STEPS[step](reread(refund))

    assert reread(refund).status == LEADS[step][status]
    assert broken_rules() == {}


@pytest.mark.parametrize(
    ("step", "status"), [(s, f) for s in LEADS for f in RefundStatus.values if f not in LEADS[s]]
)
def test_any_other_step_changes_nothing(order, tickets, step, status):
    refund = MADE[status](order, tickets[:1])
    before = everywhere()

    if step in REFUSALS:
        with pytest.raises(REFUSALS[step]):
            STEPS[step](reread(refund))
    else:
        STEPS[step](reread(refund))

    assert everywhere() == before
    assert broken_rules() == {}


@pytest.mark.parametrize(
    "step", ["hear success", "mark paid", "mark paid by the provider", "mark failed", "retry"]
)
def test_a_failed_refund_whose_reversal_is_open_ends_it_too(order, tickets, step):
    ends = {
        "hear success": ("partial", ["succeeded"]),
        "mark paid": ("partial", ["rejected"]),
        "mark paid by the provider": ("partial", ["succeeded"]),
        "mark failed": ("failed", ["rejected"]),
        "retry": ("processing", ["rejected", "created"]),
    }
    refund = unclear(order, tickets[:1])

    STEPS[step](reread(refund))

    reversals = list(Reversal.objects.order_by("pk").values_list("status", flat=True))
    assert (reread(refund).status, reversals) == ends[step]
    assert broken_rules() == {}


@pytest.mark.parametrize("step", ["retry", "mark failed"])
def test_money_that_is_back_is_neither_sent_again_nor_called_failed(order, tickets, step):
    """The provider said so a moment ago, and the job that tells the refund has not run yet."""
    refund = unclear(order, tickets[:1])
    reversal_id = reread(refund).reversal_id
    say(reversal_id, RefundState.DONE)
    before = everywhere()

    with pytest.raises(RefundNotFailed):
        STEPS[step](reread(refund))

    assert everywhere() == before
    services.record_reversal(reversal_id=reversal_id)
    assert reread(refund).status == "partial"
    assert Reversal.objects.count() == 1
    assert broken_rules() == {}


def test_money_that_is_back_may_be_marked_as_paid_before_its_job_runs(order, tickets):
    refund = unclear(order, tickets[:1])
    reversal_id = reread(refund).reversal_id
    say(reversal_id, RefundState.DONE)

    STEPS["mark paid"](reread(refund))
    services.record_reversal(reversal_id=reversal_id)

    assert reread(refund).status == "partial"
    assert reread(order).refunded_amount == 400_000
    assert broken_rules() == {}


def test_a_late_word_about_a_reversal_that_was_tried_again_moves_nothing(order, tickets):
    refund = unclear(order, tickets[:1])
    first = reread(refund).reversal_id
    STEPS["retry"](reread(refund))
    before = everywhere()

    say(first, RefundState.DONE)
    services.record_reversal(reversal_id=first)
    services.record_unclear_reversal(reversal_id=first)

    assert everywhere() == before
    assert broken_rules() == {}


def pay_back_jobs(refund):
    return Job.objects.filter(topic="refunds.pay_back", payload={"refund_id": refund.pk})


@pytest.mark.parametrize("word", ["hear refusal", "mark failed", "hear success", "mark paid"])
def test_a_refund_that_waits_for_an_unclear_one_is_woken_when_that_ends(order, tickets, word):
    first = unclear(order, tickets[:1])
    second = approved(order, tickets[1:2])
    services.pay_back(refund_id=second.pk)
    pay_back_jobs(second).delete()
    assert reread(second).status == "approved"

    STEPS[word](reread(first))

    assert pay_back_jobs(second).count() == 1
    services.pay_back(refund_id=second.pk)
    assert reread(second).status == "processing"


def test_a_refund_that_waits_for_an_unclear_one_is_no_broken_rule(order, tickets):
    unclear(order, tickets[:1])
    second = approved(order, tickets[1:2])

    services.pay_back(refund_id=second.pk)
    pay_back_jobs(second).delete()

    assert broken_rules() == {}


def test_nothing_more_to_pay_back_ends_after_the_order_is_refunded(order, tickets):
    """What was missing to 90 % was overridden to nothing, and its job comes last."""
    parts = approved(order, tickets)
    postpone(order.event_id)
    rest = ask(order, reason=Reason.POSTPONED)
    override_to(60)(rest)
    services.approve_refund(refund_id=rest.pk, by=new_admin())
    override_to(100)(parts)
    give_back(parts)
    assert reread(order).status == "refunded"

    services.pay_back(refund_id=rest.pk)

    assert (reread(rest).status, reread(rest).amount) == ("partial", 0)
    assert reread(order).status == "refunded"
    assert broken_rules() == {}


def whole(order):
    with transaction.atomic():
        locked = Order.objects.get_for_update(order.pk)
        refunds = refund_whole_orders(
            [locked], Reason.CANCELLED, by=None, at=from_now(), why="The test cancels it."
        )
    return refunds[0] if refunds else None


def test_what_gave_no_money_does_not_hold_the_tickets_back(customer, showing):
    """All of the money went back with other tickets; the free one follows the cancelled event."""
    seats = [*seats_in_area(1, showing=showing), *seats_in_area(1, showing=showing, price=0)]
    order = paid_order(seats, customer=customer)
    paid_ticket, free_ticket = order.tickets.order_by("-price")
    refund = approved(order, [paid_ticket])
    override_to(100)(refund)
    give_back(refund)
    assert reread(order).status == "partial_refunded"

    rest = whole(order)
    services.pay_back(refund_id=rest.pk)

    assert reread(free_ticket).status == "refunded"
    assert reread(order).status == "refunded"
    assert whole(order) is None
    assert broken_rules() == {}


def test_a_refunded_order_has_nothing_left_to_ask_for(order, tickets):
    refund = approved(order, tickets)
    override_to(100)(refund)
    give_back(refund)
    postpone(order.event_id)
    before = everywhere()

    for reason in (Reason.PERSONAL, Reason.POSTPONED):
        with pytest.raises(NothingToRefund):
            ask(order, reason=reason)

    assert everywhere() == before


def test_a_refused_second_payment_is_settled_like_any_other(order):
    refund = services.refund_case(case_id=paid_twice(order).pk)
    refuse(refund)
    assert (reread(refund).status, reread(order).refund_reserved_amount) == ("payment_failed", 0)

    STEPS["mark paid"](refund)

    assert reread(refund).status == "completed"
    assert PaymentCase.objects.get().status == "resolved"
    assert reread(order).refunded_amount == 0
    assert broken_rules() == {}


def test_an_unclear_second_payment_does_not_hold_the_order_up(order, tickets):
    """Each payment takes its own turn."""
    lose_sight_of(services.refund_case(case_id=paid_twice(order).pk))

    refund = approved(order, tickets[:1])
    give_back(refund)

    assert reread(refund).status == "partial"
    assert broken_rules() == {}


def test_a_payment_that_failed_for_good_can_be_asked_for_again(order, tickets):
    first = payment_failed(order, tickets[:1])
    STEPS["mark failed"](first)

    again = approved(order, tickets[:1])
    give_back(again)

    assert [reread(first).status, reread(again).status] == ["failed", "partial"]
    assert reread(order).refunded_amount == 400_000
    assert broken_rules() == {}
