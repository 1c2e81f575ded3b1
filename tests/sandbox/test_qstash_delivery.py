from __future__ import annotations

import time

import pytest

from tests.sandbox.endpoint import BROKEN, GIVE_UP, OK, SILENCE, Answer
from tests.sandbox.qstash_client import CURRENT_KEY, NEXT_KEY, hash_body, read_token
from tests.sandbox_process import find_free_port, wait_until


def retried(deliveries):
    return [each.header["Upstash-Retried"] for each in deliveries]


@pytest.mark.parametrize("body", [b'{"a": 1}', b"", "vé".encode()])
def test_every_delivery_is_signed_as_documented(qstash, endpoint, body):
    qstash.publish(endpoint.url, body)

    token = endpoint.wait_for(1)[0].header["Upstash-Signature"]

    header, claims = read_token(token, CURRENT_KEY)
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert set(claims) == {"iss", "sub", "exp", "nbf", "iat", "jti", "body"}
    assert (claims["iss"], claims["sub"]) == ("Upstash", endpoint.url)
    assert claims["exp"] - claims["iat"] == 300
    assert claims["nbf"] == claims["iat"]
    assert abs(claims["iat"] - time.time()) < 5
    assert claims["body"].rstrip("=") == hash_body(body)


def test_each_attempt_has_a_token_of_its_own(qstash, endpoint):
    endpoint.answers = [BROKEN]

    qstash.publish(endpoint.url)

    tokens = [each.header["Upstash-Signature"] for each in endpoint.wait_for(2)]
    first, second = (read_token(token, CURRENT_KEY)[1]["jti"] for token in tokens)
    assert first != second


@pytest.mark.parametrize(
    "answer",
    [
        BROKEN,
        SILENCE,
        Answer(302, {"Location": "/elsewhere/"}),
        Answer(400),
        Answer(489),
        Answer(489, {"Upstash-NonRetryable-Error": "false"}),
        Answer(500, {"Upstash-NonRetryable-Error": "true"}),
    ],
)
def test_whatever_is_no_success_is_tried_again(qstash, endpoint, answer):
    endpoint.answers = [answer]

    message_id = qstash.publish(endpoint.url, b"same")

    message = qstash.wait_for_state(message_id, "delivered")
    assert len(message["attempts"]) == 2
    first, second = endpoint.wait_for(2)
    assert retried([first, second]) == ["0", "1"]
    assert first.header["Upstash-Message-Id"] == second.header["Upstash-Message-Id"] == message_id
    assert (first.path, first.body) == (second.path, second.body)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_success(qstash, endpoint, status):
    endpoint.answer = Answer(status)

    message = qstash.wait_for_state(qstash.publish(endpoint.url), "delivered")

    assert [each["status"] for each in message["attempts"]] == [status]


@pytest.mark.parametrize(("header", "attempts"), [({}, 4), ({"retries": "1"}, 2)])
def test_a_message_is_given_up_after_its_retries(qstash, endpoint, header, attempts):
    endpoint.answer = BROKEN

    message_id = qstash.publish(endpoint.url, **header)
    qstash.wait_for_state(message_id, "failed")

    assert retried(endpoint.deliveries) == [str(number) for number in range(attempts)]
    (letter,) = qstash.dead_letters()
    assert letter["messageId"] == message_id


def test_the_gaps_follow_the_backoff(qstash, endpoint):
    endpoint.answer = BROKEN

    qstash.wait_for_state(qstash.publish(endpoint.url, retries="2"), "failed")

    first, second, third = endpoint.deliveries
    assert second.at - first.at >= 0.012  # a thousandth of what production waits
    assert third.at - second.at >= 0.148


def test_the_sender_can_choose_the_gaps(qstash, endpoint):
    endpoint.answer = BROKEN

    message_id = qstash.publish(
        endpoint.url, retries="1", retry_delay="min(pow(10, retried) * 3e6, 9e9)"
    )

    message = qstash.look(message_id)
    wait_until(lambda: qstash.look(message_id)["retried"] == 1, seconds=5, what="the first attempt")
    message = qstash.look(message_id)
    assert message["state"] == "pending"
    assert message["next_at"] - message["attempts"][0]["at"] >= 3


@pytest.mark.parametrize(
    "header", [{"Retry-After": "4000"}, {"retry-after": "1h6m40s"}, {"X-RateLimit-Reset": "4000"}]
)
def test_the_answer_can_choose_the_gap(qstash, endpoint, header):
    endpoint.answers = [Answer(503, header)]

    message_id = qstash.publish(endpoint.url, retry_delay="1")

    wait_until(lambda: qstash.look(message_id)["retried"] == 1, seconds=5, what="the first attempt")
    message = qstash.look(message_id)
    assert 4 <= message["next_at"] - message["attempts"][0]["at"] < 5
    qstash.advance(5)
    qstash.wait_for_state(message_id, "delivered")


def test_489_with_its_header_ends_it_at_once(qstash, endpoint):
    endpoint.answer = GIVE_UP

    message_id = qstash.publish(endpoint.url)
    qstash.wait_for_state(message_id, "failed")

    assert len(endpoint.deliveries) == 1
    (letter,) = qstash.dead_letters()
    assert (letter["messageId"], letter["responseStatus"]) == (message_id, 489)
    assert letter["responseBody"] == "never again"


def test_a_destination_that_is_down_is_tried_again(qstash):
    nowhere = f"http://127.0.0.1:{find_free_port()}/"

    message = qstash.wait_for_state(qstash.publish(nowhere, retries="1"), "failed")

    assert ["ConnectError" in each["error"] for each in message["attempts"]] == [True, True]
    assert qstash.dead_letters()[0]["responseStatus"] == 0


def test_an_attempt_is_cut_at_the_limit_of_the_plan(qstash, endpoint):
    endpoint.answers = [SILENCE]

    message_id = qstash.publish(endpoint.url, timeout="1h")

    first, _ = qstash.wait_for_state(message_id, "delivered")["attempts"]
    assert first["error"] == "timeout"
    assert 0.4 < first["seconds"] < 5


def test_messages_are_delivered_in_parallel(qstash, endpoint):
    endpoint.answers = [SILENCE, OK]

    slow = qstash.publish(endpoint.url)
    endpoint.wait_for(1)
    quick = qstash.publish(endpoint.url)

    qstash.wait_for_state(quick, "delivered")
    assert qstash.look(slow)["state"] == "active"


def test_calls_with_one_flow_control_key_wait_for_each_other_and_for_nobody_else(qstash, endpoint):
    mails = {"flow_control_key": "mails", "flow_control_value": "parallelism=2"}
    endpoint.answers = [SILENCE, SILENCE]

    running = [qstash.publish(endpoint.url, timeout="2s", retries="0", **mails) for _ in range(2)]
    endpoint.wait_for(2)
    waiting = qstash.publish(endpoint.url, **mails)
    other = qstash.publish(endpoint.url, flow_control_key="o", flow_control_value="parallelism=1")

    qstash.wait_for_state(other, "delivered")
    assert qstash.look(waiting)["attempts"] == []
    qstash.wait_for_state(waiting, "delivered")  # once the first two were given up
    assert [qstash.look(each)["state"] for each in running] == ["failed", "failed"]


def test_a_cookie_is_not_sent_back(qstash, endpoint):
    endpoint.answers = [Answer(500, {"Set-Cookie": "sessionid=1; Path=/"})]

    qstash.wait_for_state(qstash.publish(endpoint.url), "delivered")

    assert [each.header["Cookie"] for each in endpoint.deliveries] == [None, None]


def test_many_messages_arrive_once_each(qstash, endpoint):
    items = [{"destination": endpoint.url, "body": str(number)} for number in range(300)]

    qstash.http.post("/v2/batch", json=items)

    endpoint.wait_for(300, seconds=30)
    wait_until(
        lambda: len(qstash.messages(state="delivered")) == 300, seconds=10, what="all answers"
    )
    assert sorted(int(each.body) for each in endpoint.deliveries) == list(range(300))


def test_after_a_rotation_the_next_key_signs(qstash, endpoint):
    before = qstash.http.get("/v2/keys").json()

    after = qstash.http.post("/v2/keys/rotate").json()

    assert before == {"current": CURRENT_KEY, "next": NEXT_KEY}
    assert after["current"] == NEXT_KEY
    assert after["next"] not in (CURRENT_KEY, NEXT_KEY)
    assert qstash.http.get("/v2/keys").json() == after
    qstash.publish(endpoint.url)
    read_token(endpoint.wait_for(1)[0].header["Upstash-Signature"], NEXT_KEY)


def test_the_next_attempt_can_be_made_by_hand(qstash, endpoint):
    message_id = qstash.publish(endpoint.url, delay="1h")

    done = qstash.sandbox.control("POST", f"qstash/messages/{message_id}/deliver")
    copied = qstash.sandbox.control("POST", f"qstash/messages/{message_id}/deliver")

    assert (done["state"], len(done["attempts"])) == ("delivered", 1)
    assert (copied["state"], len(copied["attempts"])) == ("delivered", 2)
    assert len(endpoint.deliveries) == 2


def test_the_log_tells_the_life_of_a_message(qstash, endpoint):
    endpoint.answers = [BROKEN]
    message_id = qstash.publish(endpoint.url, label="demo")
    qstash.publish(endpoint.url, label="other")
    qstash.wait_for_state(message_id, "delivered")

    for path in ("logs", "events"):
        found = qstash.http.get(f"/v2/{path}", params={"messageId": message_id}).json()[path]
        states = ["DELIVERED", "ACTIVE", "RETRY", "ERROR", "ACTIVE", "CREATED"]
        assert [each["state"] for each in found] == states
        labelled = qstash.http.get(f"/v2/{path}", params={"label": "demo", "count": "2"}).json()
        assert len(labelled[path]) == 2
        rest = {"label": "demo", "cursor": labelled["cursor"]}
        assert len(qstash.http.get(f"/v2/{path}", params=rest).json()[path]) == 4


def test_people_see_the_messages_on_the_index_page(qstash, endpoint):
    message_id = qstash.publish(endpoint.url, b"<b>", label="demo")
    qstash.wait_for_state(message_id, "delivered")

    content = qstash.sandbox.http.get("/").text
    again = qstash.sandbox.http.post(f"/messages/{message_id}/deliver")

    assert message_id in content
    assert "&lt;b&gt;" in content
    assert again.status_code == 303
    assert len(endpoint.deliveries) == 2
