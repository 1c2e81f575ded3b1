from __future__ import annotations

import time

import httpx
import pytest

from tests.sandbox.endpoint import BROKEN


def test_a_message_arrives_as_it_was_published(qstash, endpoint):
    body = "vé số 1".encode() + b"\x00\xff"

    answer = qstash.send(endpoint.url, body)

    assert answer.status_code == 200
    assert set(answer.json()) == {"messageId"}
    assert answer.json()["messageId"].startswith("msg_")
    (delivery,) = endpoint.wait_for(1)
    assert (delivery.method, delivery.path, delivery.body) == ("POST", "/jobs/run/", body)


def test_a_delivery_carries_the_documented_headers(qstash, endpoint):
    message_id = qstash.publish(endpoint.url)

    header = endpoint.wait_for(1)[0].header

    assert header["User-Agent"] == "Upstash-QStash"
    assert header["Upstash-Message-Id"] == message_id
    assert header["Upstash-Retried"] == "0"
    assert header["Upstash-Caller-Ip"] == "127.0.0.1"
    assert header["Upstash-Region"] == "EU-CENTRAL-1"
    assert header["Upstash-Schedule-Id"] is None
    assert header["Authorization"] is None


def test_method_content_type_and_forwarded_headers_are_passed_on(qstash, endpoint):
    qstash.http.post(
        f"/v2/publish/{endpoint.url}",
        content=b"<a/>",
        headers={
            "Content-Type": "text/xml",
            "Upstash-Method": "PUT",
            "Upstash-Forward-X-Kind": "demo",
            "upstash-forward-authorization": "Bearer ours",
            "X-Other": "stays",
        },
    )

    (delivery,) = endpoint.wait_for(1)

    assert delivery.method == "PUT"
    assert delivery.header["Content-Type"] == "text/xml"
    assert delivery.header["X-Kind"] == "demo"
    assert delivery.header["Authorization"] == "Bearer ours"
    assert delivery.header["X-Other"] is None


def test_the_destination_is_taken_raw_without_the_settings_in_its_query(qstash, endpoint):
    target = f"{endpoint.root}/a//%C3%A9%20b/?x=1%2B1&upstash-retries=0&qstash_token=t&y=2"
    endpoint.answer = BROKEN

    message_id = qstash.publish(target)

    (delivery,) = endpoint.wait_for(1)
    assert delivery.path == "/a//%C3%A9%20b/?x=1%2B1&y=2"
    assert qstash.wait_for_state(message_id, "failed")["max_retries"] == 0


def test_the_token_may_be_in_the_query(sandbox, qstash, endpoint):
    token = qstash.http.headers["Authorization"].removeprefix("Bearer ")

    answer = sandbox.http.post(
        f"/v2/publish/{endpoint.url}", params={"qstash_token": token}, content=b""
    )

    assert answer.status_code == 200
    assert endpoint.wait_for(1)[0].path == "/jobs/run/"


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic abc"])
@pytest.mark.parametrize("path", ["/v2/publish/http://127.0.0.1:1/", "/v2/batch"])
def test_without_the_token_nothing_is_accepted(sandbox, qstash, authorization, path):
    answer = sandbox.http.post(path, content=b"[]", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert set(answer.json()) == {"error"}
    assert qstash.messages() == []


@pytest.mark.parametrize(
    "destination",
    ["127.0.0.1:8000/jobs/", "a-group", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:x/"],
)
def test_a_destination_must_be_a_full_address(qstash, destination):
    assert qstash.send(destination).status_code == 400


@pytest.mark.parametrize(
    "destination", ["http://example.com/", "http://10.0.0.1/", "http://127.0.0.1.example.com/"]
)
def test_nothing_leaves_the_machine(qstash, destination):
    answers = [
        qstash.send(destination),
        qstash.send("http://127.0.0.1:1/", callback=destination),
        qstash.send("http://127.0.0.1:1/", failure_callback=destination),
    ]

    assert [each.status_code for each in answers] == [400, 400, 400]
    assert qstash.messages() == []


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ({"deduplication_id": "order:1"}, "DeduplicationId cannot contain ':'"),
        ({"retries": "6"}, "maxRetries"),
        ({"retries": "-1"}, "upstash-retries"),
        ({"retries": "many"}, "upstash-retries"),
        ({"delay": "10"}, "duration"),
        ({"delay": "soon"}, "duration"),
        ({"delay": "8d"}, "maxDelay"),
        ({"not_before": "12.5"}, "upstash-not-before"),
        ({"not_before": str(int(time.time()) + 8 * 86_400)}, "maxDelay"),
        ({"timeout": "1"}, "duration"),
        ({"method": "BREW"}, "method"),
        ({"retry_delay": "pow(2"}, "retry delay"),
        ({"retry_delay": "__import__('os')"}, "retry delay"),
        ({"retry_delay": "retried.real"}, "retry delay"),
        ({"callback": "/relative"}, "destination"),
        ({"callback_delay": "1m", "callback": "http://127.0.0.1:1/"}, "delayed"),
        ({"callback_retries": "9", "callback": "http://127.0.0.1:1/"}, "maxRetries"),
        ({"flow_control_key": "k"}, "flow control"),
        ({"flow_control_value": "parallelism=2"}, "flow control"),
        ({"flow_control_key": "k", "flow_control_value": "rate=10"}, "flow control"),
        ({"flow_control_key": "k", "flow_control_value": "parallelism=0"}, "at least 1"),
    ],
)
def test_a_wrong_setting_is_refused(qstash, header, word):
    answer = qstash.send("http://127.0.0.1:1/", **header)

    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert qstash.messages() == []


def test_a_body_over_the_limit_is_refused(qstash, endpoint):
    assert qstash.send(endpoint.url, b"x" * 1_048_577).status_code == 400
    assert qstash.send(endpoint.url, b"x" * 1_048_576).status_code == 200
    assert len(endpoint.wait_for(1)[0].body) == 1_048_576


@pytest.mark.parametrize("delay", ["1s", "0d1s"])
def test_a_delayed_message_is_never_early(qstash, endpoint, delay):
    published_at = time.time()

    qstash.publish(endpoint.url, delay=delay)

    (delivery,) = endpoint.wait_for(1)
    assert delivery.at - published_at >= 1


def test_not_before_wins_over_the_delay(qstash, endpoint):
    moment = int(time.time()) + 3600

    message_id = qstash.publish(endpoint.url, delay="1s", not_before=str(moment))

    assert qstash.look(message_id)["next_at"] == moment
    qstash.advance(3601)
    endpoint.wait_for(1)


def test_a_moment_that_has_passed_means_now(qstash, endpoint):
    qstash.publish(endpoint.url, not_before="1")

    endpoint.wait_for(1)


def test_a_repeat_is_swallowed_and_answered_with_the_first_id(qstash, endpoint):
    first = qstash.publish(endpoint.url, b"1", deduplication_id="job-1")
    answer = qstash.send(endpoint.url, b"2", deduplication_id="job-1")
    other = qstash.publish(endpoint.url, b"3", deduplication_id="job-2")

    assert answer.status_code == 202
    assert answer.json() == {"messageId": first, "deduplicated": True}
    for message_id in (first, other):
        qstash.wait_for_state(message_id, "delivered")
    assert sorted(each.body for each in endpoint.deliveries) == [b"1", b"3"]


def test_the_id_stays_taken_for_ten_minutes_whatever_became_of_the_message(qstash, endpoint):
    first = qstash.publish(endpoint.url, delay="1h", deduplication_id="job-1")
    qstash.http.delete(f"/v2/messages/{first}")

    qstash.advance(590)
    assert qstash.publish(endpoint.url, deduplication_id="job-1") == first

    qstash.advance(20)
    assert qstash.publish(endpoint.url, deduplication_id="job-1") != first
    endpoint.wait_for(1)


@pytest.mark.parametrize("word", ["true", "True"])
def test_equal_content_can_be_the_id(qstash, endpoint, word):
    by_content = {"content_based_deduplication": word}

    first = qstash.publish(endpoint.url, b"1", **by_content)

    assert qstash.publish(endpoint.url, b"1", **by_content, retries="1") == first
    assert qstash.publish(endpoint.url, b"2", **by_content) != first
    assert qstash.publish(endpoint.url + "x", b"1", **by_content) != first
    assert qstash.publish(endpoint.url, b"1", **by_content, forward_x="1") != first
    assert qstash.publish(endpoint.url, b"1", content_based_deduplication="false") != first


def test_a_batch_is_accepted_item_by_item(qstash, endpoint):
    url = endpoint.url
    items = [
        {"destination": url, "headers": {"Upstash-Deduplication-Id": "a"}, "body": "1"},
        {"destination": url, "headers": {"Upstash-Delay": "soon"}, "body": "2"},
        {"destination": url, "headers": {"upstash-deduplication-id": "a"}, "body": "3"},
        {"destination": url, "headers": None, "body": None, "queue": None},
        {"destination": url, "queue": "q"},
        {"destination": url, "body": {}},
        {"destination": url, "headers": {"Upstash-Label": "vé"}},
        "nonsense",
    ]

    answer = qstash.http.post("/v2/batch", json=items)

    assert answer.status_code == 200
    first, wrong, repeat, empty, *others = answer.json()
    assert set(wrong) == {"error"}
    assert repeat == {"messageId": first["messageId"], "deduplicated": True}
    assert set(empty) == {"messageId"}
    assert [set(each) for each in others] == [{"error"}] * 4
    assert sorted(each.body for each in endpoint.wait_for(2)) == [b"", b"1"]


@pytest.mark.parametrize("body", [b"", b"{}", b"not json"])
def test_a_batch_must_be_a_list(qstash, body):
    assert qstash.http.post("/v2/batch", content=body).status_code == 400


@pytest.mark.parametrize("path", ["/v2/enqueue/q/http://127.0.0.1:1/", "/v2/queues", "/v2/topics"])
def test_what_is_not_built_says_so(qstash, path):
    answer: httpx.Response = qstash.http.post(path, content=b"{}")

    assert answer.status_code == 501
    assert "not part of this stand-in" in answer.json()["error"]
