"""Nobody decides about another amount, state or try than the page has shown."""

from __future__ import annotations

import re

import pytest

from orders.models import Order
from refunds.models import Refund
from refunds.services import override_refund, retry_refund
from tests.back_office.refund_rows import (
    LIST,
    SETTLING,
    STEPS,
    asked,
    bought,
    decide,
    failed,
    html,
    own_event,
    page_of,
    sent_in_vain,
    status,
    stored,
    told,
)
from tests.factories import from_now, reread
from tests.ticketing.event_states import new_admin


def hidden_in(page):
    """The hidden fields of a page, as its browser sends them."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def opened(browser, refund, step):
    return hidden_in(html(browser, page_of(refund, step)))


def override_meanwhile(refund):
    override_refund(refund_id=refund.pk, percentage=100, by=new_admin(), note="It was our fault.")


def try_again_meanwhile(refund):
    retry_refund(refund_id=refund.pk, by=new_admin(), note="The portal shows no refund.")
    sent_in_vain(refund)


def accept_meanwhile(refund):
    refund.reversal.accept(by=None, at=from_now(), reason="The provider has it after all.")
    refund.reversal.save()


@pytest.mark.parametrize("step", ["approve", "reject"])
def test_a_decision_is_refused_when_the_amount_has_changed_since(boss, personal, step):
    seen = opened(boss, personal, step)
    override_meanwhile(personal)
    before = stored()

    answer = decide(boss, personal, step, **seen)

    assert "it was 800,000 VND and is 1,000,000 VND now. Look again." in told(answer)
    assert stored() == before


@pytest.mark.parametrize("step", SETTLING)
def test_settling_is_refused_when_the_amount_has_changed_since(boss, unpaid, step):
    seen = opened(boss, unpaid, step)
    Refund.objects.filter(pk=unpaid.pk).update(amount=700_000)
    before = stored()

    answer = decide(boss, unpaid, step, **seen)

    assert "it was 800,000 VND and is 700,000 VND now." in told(answer)
    assert stored() == before


@pytest.mark.parametrize("step", SETTLING)
def test_settling_is_refused_when_it_is_tried_for_the_first_time_since(boss, unpaid, step):
    """No payment could give it back when the page was shown."""
    was_tried = unpaid.reversal_id
    Refund.objects.filter(pk=unpaid.pk).update(reversal=None)
    seen = opened(boss, unpaid, step)
    Refund.objects.filter(pk=unpaid.pk).update(reversal=was_tried)
    before = stored()

    answer = decide(boss, unpaid, step, **seen)

    assert "It has got further since you opened the page." in told(answer)
    assert stored() == before


@pytest.mark.parametrize("step", SETTLING)
@pytest.mark.parametrize("moves_on", [try_again_meanwhile, accept_meanwhile])
def test_settling_is_refused_when_its_try_is_another_one_since(boss, unpaid, step, moves_on):
    seen = opened(boss, unpaid, step)
    moves_on(unpaid)
    before = stored()

    answer = decide(boss, unpaid, step, **seen)

    assert "It has got further since you opened the page." in told(answer)
    assert stored() == before


@pytest.mark.parametrize("step", SETTLING)
def test_what_was_written_stays_for_the_second_look(boss, unpaid, step):
    seen = opened(boss, unpaid, step)
    try_again_meanwhile(unpaid)

    refused = told(decide(boss, unpaid, step, **seen))

    assert all(f"{written}</textarea>" in refused for written in STEPS[step].values())
    assert "Done: " in told(decide(boss, unpaid, step, **hidden_in(refused)))


def test_an_override_is_refused_when_its_percentage_comes_to_something_else(boss, postponed, order):
    seen = opened(boss, postponed, "override")
    Order.objects.filter(pk=order.pk).update(refunded_amount=200_000)
    before = stored()

    answer = decide(boss, postponed, "override", percentage=60, **seen)

    assert "it was 600,000 VND and is 400,000 VND now." in told(answer)
    assert stored() == before


def test_an_override_that_was_to_be_approved_is_refused_when_it_would_approve_by_itself(
    boss, second_boss, personal
):
    """Another admin has taken up what was rejected for less, and approved that."""
    decide(boss, personal, "reject")
    seen = opened(boss, personal, "override")
    decide(second_boss, personal, "override", percentage=60)
    decide(second_boss, personal, "approve")
    before = stored()

    answer = decide(boss, personal, "override", percentage=100, **seen)

    assert "The refund is approved now. Look again." in told(answer)
    assert stored() == before


def test_an_override_of_what_waits_is_refused_when_it_would_undo_a_rejection(
    boss, member, personal
):
    seen = opened(boss, personal, "override")
    decide(member, personal, "reject")
    before = stored()

    answer = decide(boss, personal, "override", percentage=100, **seen)

    assert "The refund is rejected now. Look again." in told(answer)
    assert "A percentage takes it up again" in told(answer)
    assert stored() == before
    decide(boss, personal, "override", percentage=100, **hidden_in(told(answer)))
    assert status(personal) == "pending_admin"


@pytest.mark.parametrize("step", STEPS)
def test_what_was_shown_and_still_holds_is_done(boss, order, step):
    refund = asked(order)
    if step in SETTLING:
        failed(refund)

    seen = opened(boss, refund, step)
    answer = decide(boss, refund, step, **seen)

    assert seen
    assert "Done: " in told(answer)


def test_of_many_at_once_those_are_refused_whose_amounts_have_changed(member, personal):
    other = asked(bought(own_event(member)))
    ticked = {"action": "approve_selected", "_selected_action": [personal.pk, other.pk]}
    seen = hidden_in(told(member.post(LIST, ticked)))
    override_meanwhile(personal)

    answer = member.post(LIST, {**seen, **ticked}, follow=True)

    assert f"{personal.order}: The amount has changed" in told(answer)
    assert (status(personal), status(other)) == ("pending_organizer", "approved")
    assert reread(personal.order).refund_reserved_amount == 0
