"""Giving money back at VNPay in every weather: once, and followed until its end is known."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs.models import Job
from jobs.services import run_due_jobs
from payments.handlers import advance_reversals
from payments.models import PaymentCase, ProviderMessage, Reversal
from payments.services import advance_due_reversals, advance_reversal, mark_sent, take_back
from tests.payments.reconciled import give_back as give_back_there
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
from tests.sandbox_process import wait_until

FULL, PARTIAL = "02", "03"


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


def test_nobody_takes_back_what_another_has_marked_since(whole):
    """It came back to its beginning meanwhile, and another is telling it at this moment."""
    [ours] = mark_sent([whole.pk])
    take_back(ours)
    [theirs] = mark_sent([whole.pk])
    assert theirs.sent_at > ours.sent_at
    stored = Reversal.objects.values().get()

    take_back(ours)

    assert Reversal.objects.values().get() == stored
    assert stored["status"] == "sent"
    take_back(theirs)
    assert status(whole) == "created"


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

    steps = StateLog.objects.for_(whole).filter(transition__in=["send", "succeed"])
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


def test_whose_time_is_up_begins_no_further_reversal(whole):
    assert advance_due_reversals(limit=10, seconds=0) == 0
    assert status(whole) == "created"

    advance_due_reversals(limit=10, seconds=60)
    assert status(whole) == "succeeded"
