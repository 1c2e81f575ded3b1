"""The shop moves to another terminal of VNPay's while payments of the old one are under way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payments.models import Payment, PaymentCase, ProviderMessage
from payments.services import reconcile_payments, settle_order
from payments.services.reconcile import SILENCE
from tests.factories import from_now, paid_order
from tests.our_vnpay import running_stand_in
from tests.payments.reconciled import cases, counts, let_time_pass, state
from tests.sandbox_process import SandboxProcess
from ticketing.invariants import violations

OTHER = "TESTTMN2"
BEYOND_THE_GRACE = 80
AN_HOUR = 60
A_DAY = 24 * 60


@pytest.fixture(scope="module")
def other_terminal() -> Iterator[SandboxProcess]:
    """It knows nothing of what the first one has done, and says so, signed."""
    with running_stand_in(VNPAY_TMN_CODE=OTHER) as process:
        yield process


@pytest.fixture
def move(other_terminal, settings):
    def move() -> None:
        settings.VNPAY_TMN_CODE, settings.VNPAY_API_URL = OTHER, other_terminal.api_url

    return move


def test_money_at_the_old_terminal_is_not_taken_for_money_that_never_came(start, vnpay, move):
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    move()
    let_time_pass(BEYOND_THE_GRACE)

    assert settle_order(order_id=payment.order_id) is None

    assert state(payment) == ("pending", "expired", {"available"})
    assert PaymentCase.objects.get().kind == "orphaned"
    assert not any(violations().values())


def test_while_the_old_terminal_may_have_money_its_seats_stay_held(start, vnpay, move):
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    move()
    let_time_pass()

    assert settle_order(order_id=payment.order_id) is not None

    assert state(payment) == ("pending", "pending_payment", {"held"})


def test_captured_money_of_the_old_terminal_is_not_denied_by_the_new_one(captured, move):
    move()

    assert counts(reconcile_payments()) == {"asked": 1, "unanswered": 1}

    assert state(captured) == ("captured", "paid", {"sold"})
    assert cases() == []


def test_payments_of_the_old_terminal_end_no_run_and_come_back_the_next_day(captured):
    """Nothing is sent for them, so nobody was silent."""
    at_the_old_one = {"vnp_CreateDate": "20261121100000", "vnp_TmnCode": OTHER}
    for _ in range(SILENCE + 1):
        paid_order().payments.update(provider_request=at_the_old_one)
    let_time_pass()
    Payment.objects.filter(pk=captured.pk).update(queried_at=from_now(days=-3))  # the last in turn

    report = reconcile_payments()

    told = {"asked": SILENCE + 2, "agreed": 1, "unanswered": SILENCE + 1}
    assert (counts(report), report.ended) == (told, "complete")
    assert counts(reconcile_payments()) == {}
    let_time_pass(A_DAY)
    assert counts(reconcile_payments()) == told


def test_what_is_open_at_the_old_terminal_is_listed_once_a_day_as_well(expired, move):
    move()
    asked_before = ProviderMessage.objects.filter(channel__in=["query", "answer"]).count()
    told = {"asked": 1, "unanswered": 1}

    assert counts(reconcile_payments()) == told

    let_time_pass(AN_HOUR)
    assert counts(reconcile_payments()) == {}
    let_time_pass(A_DAY)
    assert counts(reconcile_payments()) == told
    assert state(expired) == ("pending", "expired", {"available"})
    asked = ProviderMessage.objects.filter(channel__in=["query", "answer"])
    assert asked.count() == asked_before  # nobody was asked, so the story does not say it


def test_what_is_reviewed_is_asked_about_each_hour(start, vnpay):
    payment = start()
    vnpay.decide(payment.txn_ref, "fraud")
    let_time_pass(BEYOND_THE_GRACE)
    settle_order(order_id=payment.order_id)
    assert state(payment)[0] == "review"

    for _ in range(2):
        let_time_pass(AN_HOUR)
        assert counts(reconcile_payments()) == {"asked": 1, "agreed": 1}
