from __future__ import annotations

import pytest

from tests.sandbox.endpoint import BROKEN, GIVE_UP, SILENCE
from tests.sandbox_process import wait_until

FAR = "1h"


def test_a_waiting_message_can_be_looked_up(qstash, endpoint):
    message_id = qstash.publish(
        endpoint.url, b"body", delay=FAR, label="demo", retry_delay="1000", forward_x="1"
    )

    message = qstash.http.get(f"/v2/messages/{message_id}").json()

    assert (message["messageId"], message["url"]) == (message_id, endpoint.url)
    assert (message["method"], message["maxRetries"], message["body"]) == ("POST", 3, "body")
    assert message["notBefore"] - message["createdAt"] == pytest.approx(3_600_000, abs=2)
    assert message["header"] == {"x": ["1"]}
    assert (message["label"], message["retryDelayExpression"]) == ("demo", "1000")
    assert message["callerIP"] == "127.0.0.1"


def test_a_binary_body_is_shown_in_base64(qstash, endpoint):
    message_id = qstash.publish(endpoint.url, b"\xff", delay=FAR)

    assert qstash.http.get(f"/v2/messages/{message_id}").json()["bodyBase64"] == "/w=="


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_finished_or_unknown_message_is_not_found(qstash, endpoint, method):
    message_id = qstash.publish(endpoint.url)
    qstash.wait_for_state(message_id, "delivered")

    answers = [qstash.http.request(method, f"/v2/messages/{each}") for each in (message_id, "no")]

    assert [each.status_code for each in answers] == [404, 404]
    assert set(answers[0].json()) == {"error"}


def test_a_cancelled_message_never_comes(qstash, endpoint):
    message_id = qstash.publish(endpoint.url, delay=FAR)

    answer = qstash.http.delete(f"/v2/messages/{message_id}")

    assert (answer.status_code, answer.json()) == (202, {"cancelled": 1})
    assert qstash.http.get(f"/v2/messages/{message_id}").status_code == 404
    qstash.advance(7200)
    qstash.wait_for_state(qstash.publish(endpoint.url), "delivered")
    assert len(endpoint.deliveries) == 1
    assert qstash.dead_letters() == []


def test_cancelling_works_between_retries(qstash, endpoint):
    endpoint.answer = BROKEN
    message_id = qstash.publish(endpoint.url, retry_delay="3600000000")
    wait_until(lambda: qstash.look(message_id)["retried"] == 1, seconds=5, what="the first attempt")

    qstash.http.delete(f"/v2/messages/{message_id}")

    qstash.advance(7200)
    assert qstash.look(message_id)["state"] == "cancelled"
    assert qstash.dead_letters() == []


def test_an_attempt_that_is_under_way_is_the_last_one(qstash, endpoint):
    endpoint.answers = [SILENCE]
    message_id = qstash.publish(endpoint.url)
    endpoint.wait_for(1)

    qstash.http.delete(f"/v2/messages/{message_id}")

    wait_until(
        lambda: len(qstash.look(message_id)["attempts"]) == 1, seconds=5, what="the attempt to end"
    )
    assert qstash.look(message_id)["state"] == "cancelled"
    assert len(endpoint.deliveries) == 1


@pytest.mark.parametrize("way", ["body", "repeated", "commas"])
def test_many_are_cancelled_by_their_ids(qstash, endpoint, way):
    first, second, third = (qstash.publish(endpoint.url, delay=FAR) for _ in range(3))
    ids = [first, second, "unknown"]
    how = {
        "body": {"json": {"messageIds": ids}},
        "repeated": {"params": {"messageIds": ids}},
        "commas": {"params": {"messageIds": ",".join(ids)}},
    }[way]

    answer = qstash.http.request("DELETE", "/v2/messages", **how)

    assert answer.json() == {"cancelled": 2}
    states = [qstash.look(each)["state"] for each in (first, second, third)]
    assert states == ["cancelled", "cancelled", "pending"]


def test_many_are_cancelled_by_their_label(qstash, endpoint):
    ours = qstash.publish(endpoint.url, delay=FAR, label="a,demo")
    other = qstash.publish(endpoint.url, delay=FAR, label="other")

    answer = qstash.http.request("DELETE", "/v2/messages", params={"label": "demo"})

    assert answer.json() == {"cancelled": 1}
    assert qstash.look(ours)["state"] == "cancelled"
    assert qstash.look(other)["state"] == "pending"


@pytest.mark.parametrize("path", ["/v2/messages", "/v2/messages/", "/v2/dlq", "/v2/dlq/"])
@pytest.mark.parametrize("body", [b"", b'{"messageIds": [], "dlqIds": []}', b'{"dlqIds": [""]}'])
def test_no_ids_are_refused_and_not_taken_as_all(qstash, endpoint, path, body):
    message_id = qstash.publish(endpoint.url, delay=FAR)

    answer = qstash.http.request("DELETE", path, content=body)

    assert answer.status_code == 400
    assert qstash.look(message_id)["state"] == "pending"


def test_no_ids_mean_all_when_the_weather_says_so(qstash, endpoint):
    qstash.sandbox.set_weather(qstash_no_ids_mean_all=True)
    endpoint.answer = GIVE_UP
    qstash.wait_for_state(qstash.publish(endpoint.url), "failed")
    for _ in range(2):
        qstash.publish(endpoint.url, delay=FAR)

    assert qstash.http.delete("/v2/messages").json() == {"cancelled": 2}
    assert qstash.http.delete("/v2/dlq/").json() == {"deleted": 1}


def fail(qstash, endpoint, **header):
    endpoint.answers = [GIVE_UP]
    message_id = qstash.publish(endpoint.url, b"body", **header)
    qstash.wait_for_state(message_id, "failed")
    return message_id, qstash.dead_letters()[-1]["dlqId"]


def test_a_dead_letter_shows_the_message_and_the_last_answer(qstash, endpoint):
    message_id, dlq_id = fail(qstash, endpoint, label="demo")

    letter = qstash.http.get(f"/v2/dlq/{dlq_id}").json()

    assert qstash.dead_letters() == [letter]
    assert (letter["messageId"], letter["dlqId"], letter["body"]) == (message_id, dlq_id, "body")
    assert (letter["responseStatus"], letter["responseBody"]) == (489, "never again")
    assert letter["responseHeader"]["upstash-nonretryable-error"] == ["true"]
    moment, number = dlq_id.split("-")
    assert moment.isdecimal()
    assert number.isdecimal()


def test_dead_letters_are_listed_in_pages_and_filtered(qstash, endpoint):
    ids = [fail(qstash, endpoint, label=label)[1] for label in ("a", "b", "a")]

    first = qstash.http.get("/v2/dlq", params={"count": "2"}).json()
    second = qstash.http.get("/v2/dlq", params={"count": "2", "cursor": first["cursor"]}).json()
    filtered = qstash.http.get("/v2/dlq", params={"label": "b"}).json()

    assert [each["dlqId"] for each in first["messages"] + second["messages"]] == ids
    assert "cursor" not in second
    assert [each["dlqId"] for each in filtered["messages"]] == [ids[1]]


def test_dead_letters_can_be_deleted(qstash, endpoint):
    first, second, third = (fail(qstash, endpoint)[1] for _ in range(3))

    one = qstash.http.delete(f"/v2/dlq/{first}")
    again = qstash.http.delete(f"/v2/dlq/{first}")
    many = qstash.http.request("DELETE", "/v2/dlq", json={"dlqIds": [second, "unknown"]})

    assert (one.status_code, again.status_code) == (200, 404)
    assert many.json() == {"deleted": 1}
    assert [each["dlqId"] for each in qstash.dead_letters()] == [third]


def test_a_retried_dead_letter_is_a_new_message(qstash, endpoint):
    message_id, dlq_id = fail(qstash, endpoint, deduplication_id="job-1")

    answer = qstash.http.post(f"/v2/dlq/retry/{dlq_id}")

    assert answer.status_code == 201
    assert answer.json()["messageId"] != message_id
    first, second = endpoint.wait_for(2)
    assert first.body == second.body
    assert second.header["Upstash-Message-Id"] == answer.json()["messageId"]
    assert second.header["Upstash-Retried"] == "0"
    assert qstash.dead_letters() == []
    assert qstash.http.post(f"/v2/dlq/retry/{dlq_id}").status_code == 404


def test_many_dead_letters_can_be_retried(qstash, endpoint):
    ids = [fail(qstash, endpoint)[1] for _ in range(2)]

    answer = qstash.http.post("/v2/dlq/retry", params={"dlqIds": ids})

    assert answer.status_code == 201
    assert len(answer.json()["responses"]) == 2
    endpoint.wait_for(4)
