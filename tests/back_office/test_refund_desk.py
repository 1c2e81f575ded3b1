"""Deciding about refunds in the admin: who is offered what, and what becomes of it."""

from __future__ import annotations

import pytest
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Order
from refunds.models import Refund, RefundOverride, RefundStatus
from refunds.policy import Reason
from refunds.services import request_refund
from tests.back_office.refund_rows import (
    SETTLING,
    STEPS,
    asked,
    asked_after_postponing,
    decide,
    failed,
    html,
    offered,
    page_of,
    status,
    stored,
    told,
)
from tests.factories import reread
from tests.refunds.moved import take_place_yesterday


def test_an_admin_is_offered_what_the_state_allows(boss, personal):
    assert offered(boss, personal) == {"approve", "reject", "override"}

    decide(boss, personal, "approve")
    assert offered(boss, personal) == {"override"}

    decide(boss, personal, "override", percentage=0)
    assert offered(boss, personal) == {"override"}


def test_an_admin_is_offered_to_settle_what_the_provider_did_not_do(boss, unpaid):
    assert offered(boss, unpaid) == set(SETTLING)


def test_the_organizer_is_offered_to_decide_about_a_personal_reason_only(member, personal):
    assert offered(member, personal) == {"approve", "reject"}

    decide(member, personal, "approve")

    assert offered(member, personal) == set()


def test_the_organizer_is_offered_nothing_that_is_up_to_the_platform(member, postponed):
    assert offered(member, postponed) == set()


def test_the_organizer_settles_no_failure(member, unpaid):
    assert offered(member, unpaid) == set()


@pytest.mark.parametrize("who", ["member", "boss"])
def test_approving_sets_the_money_aside_and_says_who_did_it(who, personal, order, request):
    browser = request.getfixturevalue(who)

    answer = decide(browser, personal, "approve")

    assert status(personal) == RefundStatus.APPROVED
    assert reread(personal).approved_by == browser.user
    assert reread(order).refund_reserved_amount == 800_000
    assert Job.objects.filter(topic="refunds.pay_back").count() == 1
    assert "Done: Approve." in told(answer)
    assert f"by {who}" in told(answer)


@pytest.mark.parametrize("who", ["member", "boss"])
def test_rejecting_keeps_the_reason(who, personal, request):
    answer = decide(request.getfixturevalue(who), personal, "reject")

    assert status(personal) == RefundStatus.REJECTED
    assert reread(personal).rejection_reason == "The hall is booked."
    assert f"by {who}" in told(answer)


def test_an_override_keeps_old_and_new_and_who_and_why(boss, personal):
    answer = decide(boss, personal, "override")

    assert (reread(personal).percentage_applied, reread(personal).amount) == (100, 1_000_000)
    kept = RefundOverride.objects.get()
    assert (kept.old_percentage, kept.new_percentage) == (80, 100)
    assert (kept.actor, kept.note) == (boss.user, "It was our fault.")
    assert "It was our fault." in told(answer)


def test_an_override_shows_what_each_percentage_would_bring(boss, personal):
    page = html(boss, page_of(personal, "override"))

    for percentage, amount in (
        (0, "0 VND"), (60, "600,000 VND"), (80, "800,000 VND"),
        (90, "900,000 VND"), (100, "1,000,000 VND"),
    ):  # fmt: skip
        assert f"{percentage} %: {amount}" in page


def test_what_was_rejected_is_taken_up_again_for_what_is_shown(boss, member, personal):
    decide(member, personal, "reject")
    assert offered(member, personal) == set()
    page = html(boss, page_of(personal, "override"))
    assert "is rejected. A percentage takes it up again" in page
    assert "60 %: 600,000 VND" in page
    assert "0 %: 0 VND" not in page

    answer = decide(boss, personal, "override", percentage=60)

    assert (status(personal), reread(personal).amount) == ("pending_admin", 600_000)
    for word in ("up to the platform", "The hall is booked.", "It was our fault."):
        assert word in told(answer)
    assert offered(boss, personal) == {"approve", "reject", "override"}


def test_what_can_not_be_taken_up_again_is_not_offered_so(boss, order, personal):
    decide(boss, personal, "reject")
    asked(order)
    assert offered(boss, personal) == set()

    answer = decide(boss, personal, "override")

    assert "are in another request" in told(answer)
    assert status(personal) == RefundStatus.REJECTED


def test_whoever_rejects_by_an_override_too_late_is_told_so(boss, personal):
    decide(boss, personal, "reject")

    answer = decide(boss, personal, "override", percentage=0)

    assert "It is rejected already." in told(answer)


@pytest.mark.parametrize("is_approved", [False, True])
@pytest.mark.parametrize("percentage", [60, 90, 100])
def test_an_override_makes_what_it_has_shown(boss, postponed, order, percentage, is_approved):
    """Some of the order has gone back before, so the amount is no plain share."""
    Order.objects.filter(pk=order.pk).update(refunded_amount=200_000)
    if is_approved:
        Refund.objects.filter(pk=postponed.pk).update(amount=700_000)
        decide(boss, postponed, "approve")
    page = html(boss, page_of(postponed, "override"))

    decide(boss, postponed, "override", percentage=percentage)

    assert f"{percentage} %: {order.price_tag(reread(postponed).amount)}" in page
    assert reread(postponed).amount == percentage * 10_000 - 200_000


def test_whoever_overrides_is_told_which_tickets_are_taken_along(boss, order):
    """All of the order is paid for: of one ticket another refund was given up meanwhile."""
    ticket = order.tickets.first()
    part = request_refund(
        order_id=order.pk,
        requester=order.customer,
        reason=Reason.PERSONAL,
        ticket_codes=[ticket.code],
    )
    part = failed(part)
    rest = asked_after_postponing(order)
    told_of_it = "let go of since: 1 of the tickets of the order."
    assert told_of_it not in told(boss.get(page_of(rest, "override")))

    decide(boss, part, "mark_failed")

    assert told_of_it in told(boss.get(page_of(rest, "override")))
    assert "with the tickets that are in no refund any more" in told(decide(boss, rest, "approve"))
    decide(boss, rest, "override", percentage=90)
    decide(boss, rest, "approve")
    assert (status(rest), reread(rest).amount) == (RefundStatus.APPROVED, 900_000)
    assert not order.tickets.valid().exists()


@pytest.mark.parametrize(
    ("ticked", "end"), [({}, "rejected"), ({"by_provider": "on"}, "succeeded")]
)
def test_whoever_marks_it_as_paid_says_whether_the_provider_did_it(boss, unpaid, ticked, end):
    decide(boss, unpaid, "mark_paid", **ticked)

    assert status(unpaid) == RefundStatus.PARTIAL
    assert reread(unpaid).reversal.status == end


def test_a_retry_opens_a_new_reversal(boss, unpaid):
    first = unpaid.reversal

    decide(boss, unpaid, "retry")

    refund = reread(unpaid)
    assert refund.status == RefundStatus.PROCESSING
    assert refund.payout_evidence == ""  # nothing is back yet
    tried_again = StateLog.objects.for_(refund).filter(transition="process").latest("pk")
    assert tried_again.description == "The portal shows no refund."
    assert (reread(first).status, refund.reversal.status) == ("rejected", "created")


def test_money_paid_by_hand_takes_tickets_and_order_along(boss, unpaid, order):
    answer = decide(boss, unpaid, "mark_paid")

    assert status(unpaid) == RefundStatus.PARTIAL
    assert reread(unpaid).payout_evidence == "Bank transfer FT26325001."
    assert reread(order).refunded_amount == 800_000
    assert set(order.tickets.values_list("status", flat=True)) == {"refunded"}
    assert "Bank transfer FT26325001." in told(answer)


def test_giving_up_sets_the_money_free(boss, unpaid, order):
    decide(boss, unpaid, "mark_failed")

    assert status(unpaid) == RefundStatus.FAILED
    assert reread(order).refund_reserved_amount == 0


def test_no_ticket_is_said_to_be_good_for_a_showing_that_is_over(boss, order):
    refund = asked(order)
    assert "The tickets stay valid as they are." in html(boss, page_of(refund, "reject"))
    failed(refund)
    assert "The tickets are valid again." in html(boss, page_of(refund, "mark_failed"))

    take_place_yesterday(order.showing_id)

    page = html(boss, page_of(refund, "mark_failed"))
    assert "The tickets let nobody in: the event is off, or the showing is over." in page
    assert "valid again" not in page


@pytest.mark.parametrize("step", STEPS)
def test_the_page_names_the_amount_and_looking_at_it_changes_nothing(boss, step, order):
    refund = asked(order)
    if step in SETTLING:
        failed(refund)
    before = stored()

    page = html(boss, page_of(refund, step))

    assert "800,000 VND" in page
    assert order.code in page
    assert stored() == before
