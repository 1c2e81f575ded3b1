"""What VNPay did, or not, when it did not say so: found by asking, or by a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from payments.models import PaymentCase, Reversal
from payments.providers import vnpay as our_vnpay
from payments.services import advance_reversal, reconcile_payments
from tests.payments.reversed import (
    ENDED,
    UNCLEAR,
    advance,
    advance_until,
    broken_rules,
    calls_at,
    facts,
    give_back,
    let_reversals_wait,
    refunds_at,
    reversed_amount,
    status,
)
from tests.sandbox_process import find_free_port, wait_until

FULL, PARTIAL = "02", "03"


UNANSWERED = {
    "lost": {"answer_lost": {"value": True, "times": 1}},
    "94": {"refund_94": {"value": "done", "times": 1}},
    "98": {"refund_98": {"value": "done", "times": 1}},
    "99": {"refund_99": {"value": "done", "times": 1}},
}


@pytest.mark.parametrize("outcome", ["done", "processing_then_done"])
@pytest.mark.parametrize("weather", UNANSWERED.values(), ids=UNANSWERED)
def test_what_vnpay_did_without_saying_so_is_found_by_asking(captured, vnpay, weather, outcome):
    vnpay.set_weather(refund_outcome=outcome, **weather)
    reversal = give_back(captured)

    assert advance_reversal(reversal.pk) is not None
    assert status(reversal) == "unknown"
    advance_until(reversal, "succeeded")

    [refund] = vnpay.transaction(captured.txn_ref)["refunds"]
    assert Reversal.objects.get().provider_transaction_no == refund["transaction_no"]
    assert calls_at(vnpay, captured) == 1
    assert facts(reversal) == [ENDED]
    assert not PaymentCase.objects.exists()
    assert broken_rules() == {}


def test_what_vnpay_rejects_later_is_found_by_asking(captured, vnpay):
    vnpay.set_weather(refund_outcome="processing_then_rejected", **UNANSWERED["lost"])
    reversal = give_back(captured)

    advance(reversal)
    advance_until(reversal, "rejected")

    assert reversed_amount(captured) == 0
    assert facts(reversal) == [ENDED]


@pytest.mark.parametrize("code", ["94", "98", "99"])
def test_what_vnpay_knows_nothing_of_is_for_a_person_and_never_sent_again(
    captured, whole, vnpay, code
):
    vnpay.set_weather(**{f"refund_{code}": {"value": True, "times": 1}})

    advance(whole)
    assert status(whole) == "unknown"
    for _ in range(3):
        assert facts(whole) == []
        again_at = advance(whole)

    assert again_at is None
    left = Reversal.objects.get()
    assert (left.status, left.denials, left.due_at) == ("unknown", 3, None)
    assert left.unclear_at
    assert facts(whole) == [UNCLEAR]
    assert advance_reversal(whole.pk) is None
    assert (calls_at(vnpay, captured), calls_at(vnpay, captured, "querydr")) == (1, 3)
    assert reversed_amount(captured) == captured.amount
    assert broken_rules() == {}


def test_an_unclear_one_that_vnpay_tells_of_later_goes_on_by_itself(captured, vnpay):
    lost = {"value": True, "times": 1}
    vnpay.set_weather(refund_outcome="processing_then_done", answer_lost=lost)
    reversal = give_back(captured)
    advance(reversal)
    Reversal.objects.update(due_at=None, unclear_at=timezone.now())  # a person was asked

    reconcile_payments()

    assert status(reversal) in ("accepted", "succeeded")
    advance_until(reversal, "succeeded")
    assert not PaymentCase.objects.exists()


@pytest.mark.parametrize("down", [True, "cut"])
def test_while_the_api_is_down_it_is_asked_for_and_after_a_day_a_person_too(
    captured, whole, vnpay, down
):
    vnpay.set_weather(api_down=down)

    advance(whole)
    assert status(whole) == "unknown"
    for _ in range(5):
        assert advance(whole) is not None
    assert (facts(whole), Reversal.objects.get().denials) == ([], 0)
    let_reversals_wait(hours=24)
    for _ in range(2):
        assert advance(whole) is not None

    assert facts(whole) == [UNCLEAR]
    vnpay.clear_weather()
    wait_until(lambda: advance(whole) is None, seconds=10, what="three answers that know of none")
    assert (status(whole), Reversal.objects.get().denials) == ("unknown", 3)
    assert refunds_at(vnpay, captured) == []
    assert facts(whole) == [UNCLEAR]


def test_nobody_listening_means_not_sent_so_it_is_sent_later_exactly_once(
    captured, whole, vnpay, settings
):
    settings.VNPAY_API_URL = f"http://127.0.0.1:{find_free_port()}/"

    again_at = advance_reversal(whole.pk)

    waiting = Reversal.objects.get()
    assert again_at == waiting.due_at
    assert (waiting.status, waiting.sent_at, waiting.was_answered) == ("created", None, False)
    assert waiting.request_id == whole.request_id
    settings.VNPAY_API_URL = vnpay.api_url
    assert advance(whole) is None
    assert refunds_at(vnpay, captured) == [(FULL, 1_000_000)]
    assert broken_rules() == {}


def test_after_a_day_without_a_connection_a_person_is_told(captured, whole, settings):
    settings.VNPAY_API_URL = f"http://127.0.0.1:{find_free_port()}/"
    let_reversals_wait(hours=24)

    for _ in range(2):
        assert advance(whole) is not None

    assert (status(whole), facts(whole)) == ("created", [UNCLEAR])


def test_a_slow_api_is_waited_for(captured, whole, vnpay):
    vnpay.set_weather(api_slow_seconds=1)

    assert advance_reversal(whole.pk) is None

    assert status(whole) == "succeeded"


def test_an_api_that_is_too_slow_leaves_it_unknown_until_asked(captured, whole, vnpay, monkeypatch):
    impatient = replace(our_vnpay.our_config(), timeout=(0.5, 0.5))
    monkeypatch.setattr(our_vnpay, "our_config", lambda: impatient)
    vnpay.set_weather(api_slow_seconds={"value": 1.5, "times": 1})

    advance(whole)

    assert status(whole) == "unknown"
    wait_until(lambda: refunds_at(vnpay, captured), seconds=10, what="the slow API to do its work")
    advance(whole)
    assert status(whole) == "succeeded"
    assert calls_at(vnpay, captured) == 1


def test_an_answer_with_another_secret_is_believed_by_nobody(captured, whole, vnpay, settings):
    # Our request is refused with 97, signed with a secret that is not ours: a forged answer.
    settings.VNPAY_HASH_SECRET = "another secret"

    advance(whole)

    left = Reversal.objects.get()
    assert (left.status, left.provider_code, left.was_answered) == ("unknown", "", False)
    assert left.provider_answer["vnp_ResponseCode"] == "97"
    assert refunds_at(vnpay, captured) == []
