"""Whom QStash tells what became of a delivery."""

from __future__ import annotations

import base64
import json

from tests.sandbox.endpoint import BROKEN, OK
from tests.sandbox.qstash_client import CURRENT_KEY, hash_body, read_token


def test_a_callback_may_be_larger_than_a_message(qstash, endpoint):
    qstash.publish(endpoint.url, b"x" * 1_000_000, callback=endpoint.url)

    assert len(endpoint.wait_for(2)[1].body) > 1_048_576


def test_one_address_can_take_both_callbacks(qstash, endpoint):
    endpoint.answers = [BROKEN, OK]
    url = f"{endpoint.root}/back/"

    qstash.wait_for_state(
        qstash.publish(endpoint.url, callback=url, failure_callback=url), "delivered"
    )

    endpoint.wait_for(4)
    assert len(qstash.messages(url=url)) == 2


def test_each_attempt_calls_back(qstash, endpoint):
    endpoint.answers = [BROKEN]
    url = f"{endpoint.root}/back/"

    message_id = qstash.publish(
        endpoint.url, b"question", callback=url, callback_forward_x_kind="demo"
    )

    calls = [each for each in endpoint.wait_for(4) if each.path == "/back/"]
    told = sorted((json.loads(each.body) for each in calls), key=lambda each: each["retried"])
    assert [(each["status"], each["retried"]) for each in told] == [(500, 0), (200, 1)]
    assert {each["sourceMessageId"] for each in told} == {message_id}
    assert base64.b64decode(told[0]["body"]) == b"broken"
    assert base64.b64decode(told[0]["sourceBody"]) == b"question"
    assert told[0]["url"] == endpoint.url
    assert calls[0].header["X-Kind"] == "demo"
    assert calls[0].header["Upstash-Message-Id"] != message_id
    claims = read_token(calls[0].header["Upstash-Signature"], CURRENT_KEY)[1]
    assert (claims["sub"], claims["body"].rstrip("=")) == (url, hash_body(calls[0].body))


def test_only_the_failure_calls_back_when_that_was_asked(qstash, endpoint):
    endpoint.answers = [BROKEN, BROKEN]
    url = f"{endpoint.root}/failed/"

    message_id = qstash.publish(endpoint.url, retries="1", failure_callback=url)

    told = json.loads(endpoint.wait_for(3)[2].body)
    (letter,) = qstash.dead_letters()
    assert told["sourceMessageId"] == message_id
    assert told["dlqId"] == letter["dlqId"]
    assert (told["retried"], told["maxRetries"]) == (1, 1)
