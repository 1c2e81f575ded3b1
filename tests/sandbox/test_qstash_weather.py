from __future__ import annotations

import time

import httpx
import pytest

from tests.sandbox.endpoint import BROKEN, SILENCE
from tests.sandbox.qstash_client import CURRENT_KEY, NEXT_KEY, hash_body, read_token


def token_of(qstash, endpoint):
    qstash.publish(endpoint.url, b"body", retries="0")
    return endpoint.wait_for(1)[0].header["Upstash-Signature"]


def test_a_message_can_come_again_after_its_success(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_twice=True)
    endpoint.answers = [BROKEN]

    message_id = qstash.publish(endpoint.url)

    deliveries = endpoint.wait_for(3)
    assert {each.header["Upstash-Message-Id"] for each in deliveries} == {message_id}
    assert [each.header["Upstash-Retried"] for each in deliveries] == ["0", "1", "1"]


def test_a_message_can_come_twice_at_the_same_time(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_twice={"value": "parallel", "times": 1})
    endpoint.answers = [SILENCE, SILENCE]

    message_id = qstash.publish(endpoint.url)

    endpoint.wait_for(2)
    assert qstash.look(message_id)["attempts"] == []  # both are under way
    qstash.wait_for_state(message_id, "delivered")


def test_a_dropped_message_is_accepted_and_never_comes(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_dropped={"value": True, "times": 1})

    dropped = qstash.publish(endpoint.url, b"1", deduplication_id="a")
    again = qstash.publish(endpoint.url, b"2", deduplication_id="a")
    qstash.wait_for_state(qstash.publish(endpoint.url, b"3"), "delivered")

    assert again == dropped
    assert qstash.look(dropped)["state"] == "lost"
    assert qstash.http.get(f"/v2/messages/{dropped}").status_code == 404
    assert [each.body for each in endpoint.deliveries] == [b"3"]


def test_a_late_message_waits(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_late_seconds=0.4)
    published_at = time.time()

    qstash.publish(endpoint.url)

    assert endpoint.wait_for(1)[0].at - published_at >= 0.4


def test_messages_can_come_newest_first(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_reversed_seconds=0.4)

    for body in (b"1", b"2", b"3"):
        qstash.publish(endpoint.url, body)

    assert [each.body for each in endpoint.wait_for(3)] == [b"3", b"2", b"1"]


def test_weather_can_be_limited_to_a_label(qstash, endpoint):
    qstash.sandbox.set_weather("mail", qstash_dropped=True)

    dropped = qstash.publish(endpoint.url, label="mail,urgent")
    other = qstash.publish(endpoint.url, label="settle")

    qstash.wait_for_state(other, "delivered")
    assert qstash.look(dropped)["state"] == "lost"


def test_a_signature_can_be_missing(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_signature="missing")

    assert token_of(qstash, endpoint) is None


def test_a_signature_can_be_made_with_the_next_key(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_signature="next_key")

    read_token(token_of(qstash, endpoint), NEXT_KEY)


def test_a_signature_can_be_made_with_a_wrong_key(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_signature="wrong_key")

    token = token_of(qstash, endpoint)

    for key in (CURRENT_KEY, NEXT_KEY):
        with pytest.raises(AssertionError):
            read_token(token, key)


@pytest.mark.parametrize("mistake", ["other_url", "other_body", "expired"])
def test_a_genuine_signature_can_be_for_something_else(qstash, endpoint, mistake):
    qstash.sandbox.set_weather(qstash_signature=mistake)

    claims = read_token(token_of(qstash, endpoint), CURRENT_KEY)[1]

    right = {
        "other_url": claims["sub"] == endpoint.url,
        "other_body": claims["body"].rstrip("=") == hash_body(b"body"),
        "expired": claims["exp"] > time.time(),
    }
    assert [name for name, is_right in right.items() if not is_right] == [mistake]


def test_the_api_can_be_down(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_down={"value": True, "times": 1})

    answer = qstash.send(endpoint.url)

    assert answer.status_code == 503
    assert set(answer.json()) == {"error"}
    assert qstash.messages() == []
    assert qstash.send(endpoint.url).status_code == 200


def test_the_api_can_hang_up_before_the_work(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_down={"value": "cut", "times": 1})

    with pytest.raises(httpx.TransportError):
        qstash.send(endpoint.url)

    assert qstash.messages() == []


def test_the_api_can_be_slow(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_slow_seconds=0.3)
    asked_at = time.monotonic()

    qstash.publish(endpoint.url)

    assert time.monotonic() - asked_at >= 0.3


def test_the_answer_can_be_lost_after_the_work(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_answer_lost={"value": True, "times": 1})

    with pytest.raises(httpx.TransportError):
        qstash.send(endpoint.url, deduplication_id="a")

    (message,) = qstash.messages()
    assert qstash.publish(endpoint.url, deduplication_id="a") == message["id"]
    endpoint.wait_for(1)


def test_an_error_can_be_answered_after_the_work(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_answer_lost={"value": "error", "times": 1})

    answer = qstash.send(endpoint.url)

    assert answer.status_code == 500
    (message,) = qstash.messages()
    qstash.wait_for_state(message["id"], "delivered")


@pytest.mark.parametrize(
    ("value", "present", "absent"),
    [
        (True, "Burst-RateLimit-Reset", "RateLimit-Limit"),
        ("daily", "RateLimit-Reset", "Burst-RateLimit-Limit"),
    ],
)
def test_there_can_be_too_many_calls(qstash, endpoint, value, present, absent):
    qstash.sandbox.set_weather(qstash_limited=value)

    answer = qstash.send(endpoint.url)

    assert answer.status_code == 429
    assert present in answer.headers
    assert absent not in answer.headers
    assert qstash.messages() == []


@pytest.mark.parametrize("body", [{"seconds": "x"}, {"seconds": -1}, {"seconds": True}, {}])
def test_time_moves_only_forward(qstash, body):
    answer = qstash.sandbox.http.post("/control/qstash/advance", json=body)

    assert answer.status_code == 400


def test_what_is_waiting_can_be_counted(qstash, endpoint):
    assert qstash.sandbox.control("GET", "qstash") == {
        "pending": 0,
        "active": 0,
        "next_in_seconds": None,
    }

    qstash.publish(endpoint.url, delay="1h")

    state = qstash.sandbox.control("GET", "qstash")
    assert state["pending"] == 1
    assert 3590 < state["next_in_seconds"] <= 3600
