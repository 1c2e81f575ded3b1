"""Giving money back at VNPay in every weather: once, and followed until its end is known."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs.models import Job
from jobs.services import run_due_jobs
from payments.handlers import advance_reversals
from payments.models import PaymentCase, ProviderMessage, Reversal
from payments.providers.vnpay import VNPay
from payments.services import advance_reversal, reconcile_payments
from tests.payments.reconciled import give_back as give_back_there
from tests.payments.reversed import (
    ENDED,
    UNCLEAR,
    advance,
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


def advance_until(reversal, *wanted):
    """Step by step, as jobs do, for as long as VNPay takes."""

    def is_there():
        advance(reversal)
        return status(reversal) in wanted

    wait_until(is_there, seconds=10, what=f"a reversal that is {wanted}")


@pytest.fixture
def whole(captured, vnpay):
    """A reversal of all that was paid; VNPay carries out at once what it accepts."""
    vnpay.set_weather(refund_outcome="done")
    return give_back(captured)


def test_money_goes_back_at_once_if_vnpay_says_so(captured, whole, vnpay):
    assert advance_reversal(whole.pk) is None

    done = Reversal.objects.get()
    [refund] = vnpay.transaction(captured.txn_ref)["refunds"]
    assert (done.status, done.provider_code) == ("succeeded", "00/00")
    assert done.provider_transaction_no == refund["transaction_no"]
    assert refunds_at(vnpay, captured) == [(FULL, 1_000_000)]
    assert reversed_amount(captured) == captured.amount
    assert facts(whole) == [ENDED]
    assert broken_rules() == {}


def test_vnpay_is_told_who_wants_what_in_words_that_it_takes(captured, whole, vnpay):
    advance_reversal(whole.pk)

    payment = vnpay.transaction(captured.txn_ref)
    told = payment["api_calls"][0]["request"]
    assert told["vnp_CreateBy"] == "refund-1"
    assert told["vnp_OrderInfo"] == f"Hoan tien ve 1 {whole.request_id}"
    assert told["vnp_TransactionNo"] == payment["transaction_no"]


def test_request_and_answer_are_kept_without_secrets(captured, whole):
    advance_reversal(whole.pk)

    asked, answered = ProviderMessage.objects.filter(
        txn_ref=captured.txn_ref, channel__in=["refund", "answer"]
    ).order_by("pk")
    kept = Reversal.objects.get()
    assert asked.body == kept.request
    assert asked.body["vnp_Command"] == "refund"
    assert "vnp_SecureHash" not in asked.body
    assert answered.body == kept.provider_answer
    assert answered.body["vnp_SecureHash"] == "[removed]"


def test_every_step_says_why(whole):
    advance_reversal(whole.pk)

    steps = StateLog.objects.filter(object_id=whole.pk, transition__in=["send", "succeed"])
    assert [step.transition for step in steps.order_by("pk")] == ["send", "succeed"]
    assert all(step.description for step in steps)


def test_a_second_call_for_what_has_ended_does_nothing(captured, whole, vnpay):
    advance_reversal(whole.pk)

    assert advance_reversal(whole.pk) is None

    assert calls_at(vnpay, captured) == 1
    assert facts(whole) == [ENDED]


@pytest.mark.parametrize(
    ("outcome", "end", "left"),
    [("processing_then_done", "succeeded", 1_000_000), ("processing_then_rejected", "rejected", 0)],
)
def test_what_vnpay_accepts_is_followed_to_its_end(captured, vnpay, outcome, end, left):
    vnpay.set_weather(refund_outcome=outcome)
    reversal = give_back(captured)

    assert advance_reversal(reversal.pk) is not None
    assert status(reversal) == "accepted"
    assert facts(reversal) == []
    advance_until(reversal, end)

    assert calls_at(vnpay, captured) == 1
    assert reversed_amount(captured) == left
    assert facts(reversal) == [ENDED]
    assert not PaymentCase.objects.exists()
    assert broken_rules() == {}


def test_rejected_money_can_be_given_back_by_another_reversal(captured, vnpay):
    vnpay.set_weather(refund_outcome="processing_then_rejected")
    first = give_back(captured)
    advance_until(first, "rejected")
    vnpay.set_weather(refund_outcome="done")

    second = give_back(captured)
    advance(second)

    assert (status(first), status(second)) == ("rejected", "succeeded")
    assert refunds_at(vnpay, captured) == [(FULL, 1_000_000)] * 2  # the first one ended as 09
    assert broken_rules() == {}


def test_questions_about_an_accepted_one_become_rarer(captured, vnpay, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    vnpay.set_weather(refund_outcome="processing_then_done")
    reversal = give_back(captured)

    first = advance_reversal(reversal.pk)
    waits = []
    vnpay.set_weather(query_99=True)
    for _ in range(9):
        wait = Reversal.objects.get().due_at - timezone.now()
        let_reversals_wait(seconds=wait.total_seconds())
        waits.append((advance_reversal(reversal.pk) - timezone.now()).total_seconds() / 60)

    assert timedelta(minutes=4) < first - timezone.now() <= timedelta(minutes=5)
    assert waits == pytest.approx([5, 10, 20, 40, 80, 160, 320, 360, 360], rel=0.05)
    assert (Reversal.objects.get().checks, calls_at(vnpay, captured)) == (9, 1)


def test_after_fifteen_days_a_person_is_told_and_it_goes_on_daily(captured, vnpay):
    vnpay.set_weather(refund_outcome="processing_then_done")
    reversal = give_back(captured)
    advance_reversal(reversal.pk)
    vnpay.set_weather(query_99=True)
    let_reversals_wait(days=14)
    advance(reversal)
    assert facts(reversal) == []

    let_reversals_wait(days=1)
    again_at = advance(reversal)
    advance(reversal)

    assert facts(reversal) == [UNCLEAR]
    assert timedelta(hours=23) < again_at - timezone.now() <= timedelta(hours=24)
    vnpay.set_weather(query_99=None)
    advance_until(reversal, "succeeded")
    assert facts(reversal) == [UNCLEAR, ENDED]


def test_a_full_refund_that_is_not_allowed_goes_back_as_a_partial_one(captured, whole, vnpay):
    vnpay.set_weather(refund_13={"value": True, "times": 1})

    again_at = advance_reversal(whole.pk)

    assert again_at <= timezone.now()
    waiting = Reversal.objects.get()
    assert (waiting.status, waiting.is_full) == ("created", False)
    assert waiting.request_id != whole.request_id
    assert facts(whole) == []
    assert advance(whole) is None
    assert status(whole) == "succeeded"
    assert refunds_at(vnpay, captured) == [(PARTIAL, 1_000_000)]
    assert facts(whole) == [ENDED]
    assert broken_rules() == {}


def test_a_partial_refund_that_is_not_allowed_either_is_refused(captured, whole, vnpay, caplog):
    vnpay.set_weather(refund_13=True)

    advance(whole)
    with caplog.at_level(logging.ERROR):
        assert advance(whole) is None

    refused = Reversal.objects.get()
    assert (refused.status, refused.provider_code) == ("rejected", "13")
    assert refused.provider_message == "Only partial refund allowed"
    assert "was refused: code 13" in caplog.text
    assert (refunds_at(vnpay, captured), calls_at(vnpay, captured)) == ([], 2)
    assert reversed_amount(captured) == 0
    assert facts(whole) == [ENDED]


def test_a_refund_that_others_made_there_lets_a_full_one_go_as_a_partial_one(captured, vnpay):
    vnpay.set_weather(refund_outcome="done")
    give_back_there(vnpay, captured, 300_000, PARTIAL)
    reversal = give_back(captured)

    advance(reversal)  # 04, so it will be a partial one
    advance(reversal)  # 02, since that is more than is left there

    assert (status(reversal), Reversal.objects.get().provider_code) == ("rejected", "02")
    assert refunds_at(vnpay, captured) == [(PARTIAL, 300_000)]


def test_several_partial_refunds_follow_each_other_and_the_last_is_partial_too(captured, vnpay):
    vnpay.set_weather(refund_outcome="done")

    for amount in (300_000, 300_000, 400_000):
        advance(give_back(captured, amount))

    assert set(Reversal.objects.values_list("status", flat=True)) == {"succeeded"}
    assert refunds_at(vnpay, captured) == [
        (PARTIAL, 300_000),
        (PARTIAL, 300_000),
        (PARTIAL, 400_000),
    ]
    assert len(set(Reversal.objects.values_list("provider_transaction_no", flat=True))) == 3
    assert reversed_amount(captured) == captured.amount
    assert broken_rules() == {}


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
    patient = VNPay._config
    monkeypatch.setattr(VNPay, "_config", lambda vnpay: replace(patient(vnpay), timeout=(0.5, 0.5)))
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


def test_its_job_carries_it_to_the_end(captured, whole, vnpay):
    vnpay.set_weather(refund_outcome="processing_then_done")

    assert run_due_jobs()["postponed"] == 1
    assert status(whole) == "accepted"
    wait_until(
        lambda: (let_jobs_run(), run_due_jobs(), status(whole))[-1] == "succeeded",
        seconds=10,
        what="the job to see the end",
    )

    assert Job.objects.get(topic="payments.reversal_due").status == "done"


def let_jobs_run():
    now = timezone.now()
    Reversal.objects.filter(due_at__isnull=False).update(due_at=now)
    Job.objects.filter(topic="payments.reversal_due").update(run_at=now)


def test_one_whose_job_is_gone_is_swept_up(captured, whole):
    Job.objects.filter(topic="payments.reversal_due").delete()
    advance_reversals()
    assert status(whole) == "created"  # so soon it is left to its own job
    let_reversals_wait(minutes=6)

    advance_reversals()

    assert status(whole) == "succeeded"


def test_the_sweep_goes_on_after_one_that_fails(captured, whole, start, vnpay, call_ipn, caplog):
    broken = start()
    vnpay.decide(broken.txn_ref, "success")
    call_ipn(vnpay.transaction(broken.txn_ref)["callback"])
    other = give_back(broken)
    Reversal.objects.filter(pk=other.pk).update(provider="bank-of-nowhere")
    let_reversals_wait(minutes=6)

    with caplog.at_level(logging.ERROR):
        advance_reversals()

    assert status(whole) == "succeeded"
    assert "can't be advanced" in caplog.text
