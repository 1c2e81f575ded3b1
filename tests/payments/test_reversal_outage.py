"""An outage of the provider, and crashes of our own, in the middle of giving money back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from payments.models import Reversal
from payments.providers import PROVIDERS
from payments.providers.vnpay import VNPay
from payments.services import advance_reversal, due_reversals
from tests.factories import paid_order
from tests.payments.reversed import (
    ENDED,
    advance,
    broken_rules,
    calls_at,
    facts,
    give_back,
    let_reversals_wait,
    refunds_at,
    status,
)
from tests.sandbox_process import find_free_port

INTERVAL = 300
A_CAMPAIGN = 30


class Crash(BaseException):
    """The process is gone: nothing after this line runs."""


@pytest.fixture
def crash_before_the_call(monkeypatch):
    def crash(provider, request):
        raise Crash

    monkeypatch.setattr(VNPay, "refund", crash)


@pytest.fixture
def crash_after_the_call(monkeypatch):
    call = VNPay.refund

    def crash(provider, request):
        call(provider, request)
        raise Crash

    monkeypatch.setattr(VNPay, "refund", crash)


def crash_in_the_middle(reversal):
    with pytest.raises(Crash):
        advance_reversal(reversal.pk)


@pytest.mark.usefixtures("crash_before_the_call")
def test_what_may_have_been_sent_before_a_crash_is_not_sent_again(captured, whole, vnpay):
    crash_in_the_middle(whole)
    assert status(whole) == "sent"
    again_at = advance_reversal(whole.pk)
    assert again_at > timezone.now() + timedelta(minutes=1)  # somebody may still be at it
    assert status(whole) == "sent"

    let_reversals_wait(minutes=2)
    advance_reversal(whole.pk)

    assert status(whole) == "unknown"
    for _ in range(3):
        last = advance(whole)
    assert (last, status(whole)) == (None, "unknown")
    assert calls_at(vnpay, captured) == 0
    assert Reversal.objects.get().request["vnp_RequestId"] == whole.request_id
    assert broken_rules() == {}


@pytest.mark.usefixtures("crash_after_the_call")
def test_what_was_done_before_a_crash_is_found_by_asking(captured, whole, vnpay):
    crash_in_the_middle(whole)
    let_reversals_wait(minutes=2)

    advance(whole)
    advance(whole)

    assert status(whole) == "succeeded"
    assert refunds_at(vnpay, captured) == [("02", 1_000_000)]
    assert facts(whole) == [ENDED]
    assert broken_rules() == {}


@pytest.fixture
def campaign(vnpay, settings):
    """Many reversals at once, at a provider that wants to be asked once in five minutes."""
    settings.VNPAY_QUERY_INTERVAL_SECONDS = INTERVAL
    return [give_back(paid_order().payments.get()) for _ in range(A_CAMPAIGN)]


def process():
    for reversal_id in due_reversals(timezone.now(), A_CAMPAIGN):
        advance_reversal(reversal_id)


def by_status():
    statuses = Reversal.objects.values_list("status", flat=True)
    return {each: list(statuses).count(each) for each in set(statuses)}


@pytest.mark.usefixtures("campaign")
def test_an_outage_of_an_hour_leaves_a_handful_unknown_and_tries_once_in_five_minutes(vnpay):
    vnpay.set_weather(api_down=True)

    process()
    assert by_status() == {"unknown": 5, "created": A_CAMPAIGN - 5}
    process()
    assert by_status()["unknown"] == 5
    for trials in range(1, 13):
        let_reversals_wait(seconds=INTERVAL)
        process()
        assert by_status()["unknown"] == 5 + trials

    assert broken_rules() == {}


@pytest.mark.usefixtures("campaign")
def test_the_first_answer_lets_all_go_on(vnpay):
    vnpay.set_weather(api_down=True)
    process()
    vnpay.clear_weather()  # these payments are unknown there: 91, which is an answer

    let_reversals_wait(seconds=INTERVAL)
    process()

    assert by_status() == {"unknown": 5, "rejected": A_CAMPAIGN - 5}


@pytest.mark.usefixtures("campaign")
def test_without_any_connection_all_wait_unsent(settings):
    settings.VNPAY_API_URL = f"http://127.0.0.1:{find_free_port()}/"

    process()

    assert by_status() == {"created": A_CAMPAIGN}
    assert Reversal.objects.exclude(called_at=None).count() == 5


def test_another_providers_silence_holds_nobody_back(captured, vnpay, campaign):
    vnpay.set_weather(api_down=True)
    process()
    vnpay.clear_weather()
    vnpay.set_weather(refund_outcome="done")
    whole = give_back(captured)
    Reversal.objects.exclude(pk=whole.pk).update(provider="bank-of-nowhere")

    advance_reversal(whole.pk)

    assert status(whole) == "succeeded"


def test_whether_a_provider_is_silent_is_read_from_an_index(campaign):
    rows = Reversal.objects.calls("vnpay").filter(was_answered__isnull=False)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = rows[:5].explain()

    assert "reversal_calls" in plan
    assert "Sort" not in plan


def test_what_is_due_is_read_from_an_index(campaign):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "reversal_due" in Reversal.objects.due(timezone.now()).order_by("due_at").explain()


def test_a_bug_before_the_call_sends_nothing_and_is_tried_again(
    captured, whole, vnpay, monkeypatch
):
    def broken(provider, reversal, now):
        raise KeyError("vnp_CreateDate")

    with monkeypatch.context() as patched:
        patched.setattr(type(PROVIDERS["vnpay"]), "refund_request", broken)
        with pytest.raises(KeyError):
            advance_reversal(whole.pk)

    assert status(whole) == "created"
    advance(whole)
    assert status(whole) == "succeeded"
