"""Money that came too late: its customer is told how far it is on its way back, and truly so."""

from __future__ import annotations

import pytest

from payments.models import PaymentCase, Reversal
from payments.services import resolve_case
from refunds.models import Refund
from refunds.services import mark_refund_paid, pay_back, record_reversal, refund_case
from tests.factories import PaymentFactory, from_now
from tests.pages.my_pages import page_of, text_of
from tests.payments.vnpay_calls import RETURN, success

PLANNED = "The whole 1,000,000 VND goes back to where it came from. You need not do anything."
SENT = "The whole 1,000,000 VND is on its way: we sent it back on"
BACK = "The whole 1,000,000 VND went back on"
STUCK = "The 1,000,000 VND did not go back by itself, so one of us takes care of it."
SETTLED = "We settled this payment of 1,000,000 VND by hand on"


@pytest.fixture
def payment(me, order):
    """It came after its customer had cancelled the order."""
    payment = PaymentFactory(order=order)
    me.post(page_of(order, "cancel/"))
    me.get(f"{RETURN}?{success(payment)}")
    return payment


@pytest.fixture
def case(payment):
    return PaymentCase.objects.get(payment=payment)


def reversal_of(case):
    """The money of the case is about to be sent back."""
    refund = refund_case(case_id=case.pk)
    pay_back(refund_id=refund.pk)
    return Reversal.objects.get(refunds=refund)


def take(reversal, *steps, **facts):
    for step in steps:
        wanted = {"request": {}} if step == "send" else {}
        getattr(reversal, step)(by=None, at=from_now(), reason="The test goes on.", **wanted)
    for name, value in facts.items():
        setattr(reversal, name, value)
    reversal.save()
    if reversal.finished_at:
        record_reversal(reversal_id=reversal.pk)


def told(me, payment):
    """The same words on the order's page and for whoever opens the return page again."""
    order_page, return_page = (
        text_of(me.get(address))
        for address in (page_of(payment.order), f"{RETURN}?{success(payment)}")
    )
    for sentence in (PLANNED, SENT, BACK, STUCK, SETTLED):
        assert (sentence in order_page) is (sentence in return_page), sentence
    assert payment.txn_ref in return_page
    return order_page


def watched(me, order):
    """Whether the open page goes on asking, and what for."""
    page = me.get(page_of(order))
    state = me.get(page_of(order, "state/")).json()["state"]
    assert page.context["state"] == state
    return state if "orders/live.js" in page.content.decode() else None


def test_before_anything_is_sent_it_is_promised(me, case, payment):
    assert PLANNED in told(me, payment)
    reversal_of(case)
    assert PLANNED in told(me, payment)


@pytest.mark.parametrize("steps", [["send"], ["send", "accept"], ["send", "doubt"]])
def test_what_is_sent_is_said_to_be_on_its_way(me, case, payment, steps):
    take(reversal_of(case), *steps)

    text = told(me, payment)

    assert SENT in text
    assert PLANNED not in text


def test_what_is_back_is_said_to_be_back(me, case, payment):
    take(reversal_of(case), "send", "accept", "succeed")

    text = told(me, payment)

    assert BACK in text
    assert SENT not in text
    assert "The money went back on" in text  # among the refunds of the order, too


@pytest.mark.parametrize(
    ("steps", "facts"),
    [(["send", "reject"], {}), (["send", "doubt"], {"unclear_at": from_now()})],
    ids=["refused", "unclear"],
)
def test_what_a_person_has_to_look_after_is_not_promised_to_go_by_itself(
    me, case, payment, steps, facts
):
    take(reversal_of(case), *steps, **facts)

    text = told(me, payment)

    assert STUCK in text
    assert PLANNED not in text


def test_what_went_back_by_hand_is_said_to_be_settled(me, case, payment, admin_user):
    take(reversal_of(case), "send", "reject")
    refund = Refund.objects.get()
    mark_refund_paid(refund_id=refund.pk, by=admin_user, evidence="Transfer 4711.")

    assert SETTLED in told(me, payment)


def test_what_a_person_decided_otherwise_is_not_promised_any_more(me, case, payment, admin_user):
    resolve_case(case_id=case.pk, by=admin_user, decision="Given back in cash.")

    text = told(me, payment)

    assert SETTLED in text
    assert "cash" not in text


def test_the_open_page_follows_the_money_until_it_is_back(me, case, order):
    states = [watched(me, order)]
    reversal = reversal_of(case)
    states.append(watched(me, order))
    take(reversal, "send")
    states.append(watched(me, order))
    take(reversal, "accept", "succeed")

    assert len(set(states)) == 3
    assert None not in states
    assert watched(me, order) is None
