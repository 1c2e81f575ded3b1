from __future__ import annotations

import threading
import time
from datetime import datetime
from itertools import pairwise

import pytest

from tests.sandbox.endpoint import SILENCE, Answer, said
from tests.sandbox.protocol import link, pay_fields, read_signed
from tests.sandbox_process import find_free_port, wait_until


def pay(sandbox, outcome="success"):
    values = pay_fields()
    answer = sandbox.pay(link(values), outcome=outcome)
    return values["vnp_TxnRef"], answer["return_url"]


def wait_for_end(sandbox, ref, state):
    def ended():
        return {each["state"] for each in sandbox.transaction(ref)["ipn"]} == {state}

    wait_until(ended, seconds=10, what=f"the delivery to be {state}")


def test_ipn_and_return_carry_the_same_signed_parameters(sandbox, merchant):
    _, return_url = pay(sandbox)

    (call,) = merchant.wait_for(1)

    assert read_signed(call.path) == read_signed(return_url)


@pytest.mark.parametrize("code", ["00", "02"])
def test_a_confirmed_ipn_is_not_repeated(sandbox, merchant, code):
    merchant.answer = said(code)

    ref, _ = pay(sandbox)
    wait_for_end(sandbox, ref, "confirmed")

    (attempt,) = sandbox.attempts(ref)
    assert (attempt["http_status"], attempt["rsp_code"]) == (200, code)


@pytest.mark.parametrize(
    "answer",
    [
        said("01"),
        said("04"),
        said("97"),
        said("99"),
        Answer(200, body=b"not json"),
        Answer(200, body=b'["00"]'),
        Answer(200, body=b'{"RspCode": 0}'),
        Answer(200, body=b""),
        Answer(500, body=b'{"RspCode": "00"}'),
        Answer(302, body=b'{"RspCode": "00"}'),
    ],
)
def test_any_other_answer_is_followed_by_another_call(sandbox, merchant, answer):
    merchant.answers = [answer]

    ref, _ = pay(sandbox)
    wait_for_end(sandbox, ref, "confirmed")

    first, second = sandbox.attempts(ref)
    assert first["rsp_code"] != "00" or first["http_status"] >= 300
    assert second["rsp_code"] == "00"


def test_calls_end_at_the_maximum_and_keep_their_distance(sandbox, merchant):
    merchant.answer = said("97")

    ref, _ = pay(sandbox)
    wait_for_end(sandbox, ref, "exhausted")

    attempts = sandbox.attempts(ref)
    assert [attempt["rsp_code"] for attempt in attempts] == ["97"] * 4
    assert len(merchant.deliveries) == 4
    assert len({call.path for call in merchant.deliveries}) == 1
    moments = [datetime.fromisoformat(attempt["at"]) for attempt in attempts]
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(moments)]
    assert min(gaps) >= 0.1


def test_silence_counts_as_a_failed_call(sandbox, merchant):
    merchant.answers = [SILENCE]

    ref, _ = pay(sandbox)
    wait_for_end(sandbox, ref, "confirmed")

    first, second = sandbox.attempts(ref)
    assert (first["error"], first["http_status"]) == ("timeout", None)
    assert second["rsp_code"] == "00"


def test_a_failed_payment_is_reported_too(sandbox, merchant):
    pay(sandbox, outcome="insufficient")

    assert read_signed(merchant.wait_for(1)[0].path)["vnp_ResponseCode"] == "51"


def test_two_calls_can_run_in_parallel(sandbox, merchant):
    sandbox.set_weather(ipn_twice=True)
    merchant.answers = [SILENCE, SILENCE]

    ref, _ = pay(sandbox)

    first, second = merchant.wait_for(2)
    assert first.path == second.path
    assert sandbox.attempts(ref) == []  # the second came while the first was still waiting
    assert len(sandbox.transaction(ref)["ipn"]) == 2


def test_without_ipn_nobody_calls(sandbox, merchant):
    sandbox.set_weather(no_ipn=True)

    ref, return_url = pay(sandbox)

    assert return_url is not None
    assert sandbox.transaction(ref)["ipn"] == []
    assert merchant.deliveries == []


def test_a_late_ipn_waits(sandbox, merchant):
    sandbox.set_weather(ipn_late_seconds=0.6)
    paid_at = time.monotonic()

    pay(sandbox)

    merchant.wait_for(1)
    assert time.monotonic() - paid_at >= 0.5


def test_an_ipn_before_the_return_is_answered_before_the_redirect(sandbox, merchant):
    sandbox.set_weather(ipn_before_return=True)
    merchant.answers = [SILENCE]
    returned = threading.Event()

    def buy():
        pay(sandbox)
        returned.set()

    buyer = threading.Thread(target=buy)
    buyer.start()
    merchant.wait_for(1)
    assert not returned.is_set()
    buyer.join(10)
    assert returned.is_set()


def test_an_ipn_can_be_sent_at_any_time(sandbox, merchant):
    sandbox.set_weather(no_ipn=True)
    ref, return_url = pay(sandbox)
    merchant.answer = said("02")

    attempt = sandbox.send_ipn(ref)

    assert (attempt["http_status"], attempt["rsp_code"], attempt["error"]) == (200, "02", "")
    assert read_signed(merchant.deliveries[0].path) == read_signed(return_url)


def test_an_ipn_can_be_forged_for_the_acceptance_script(sandbox, merchant):
    ref, _ = pay(sandbox)
    merchant.wait_for(1)
    merchant.answer = said("97")

    sandbox.send_ipn(ref, changes={"vnp_TxnRef": "SIT_NOTFOUND_1", "vnp_BankTranNo": None})
    spoiled = sandbox.send_ipn(ref, bad_signature=True)

    unknown = read_signed(merchant.deliveries[1].path)
    assert unknown["vnp_TxnRef"] == "SIT_NOTFOUND_1"
    assert "vnp_BankTranNo" not in unknown
    assert spoiled["rsp_code"] == "97"
    with pytest.raises(AssertionError):
        read_signed(merchant.deliveries[2].path)


def test_there_is_no_ipn_before_there_is_a_result(sandbox, merchant):
    values = pay_fields()
    sandbox.open(link(values))

    answer = sandbox.http.post(f"/control/transactions/{values['vnp_TxnRef']}/ipn")

    assert answer.status_code == 409
    assert merchant.deliveries == []


def test_a_merchant_that_is_down_is_called_again(sandbox, merchant, filed_sandbox):
    filed_sandbox.stop()
    env = {"SANDBOX_IPN_ATTEMPTS": "2", "SANDBOX_IPN_RETRY_SECONDS": "0"}
    nowhere = f"http://127.0.0.1:{find_free_port()}/ipn/"
    filed_sandbox.start({**env, "SANDBOX_IPN_URL": nowhere})

    ref, _ = pay(filed_sandbox)
    wait_for_end(filed_sandbox, ref, "exhausted")

    assert ["ConnectError" in each["error"] for each in filed_sandbox.attempts(ref)] == [True, True]
