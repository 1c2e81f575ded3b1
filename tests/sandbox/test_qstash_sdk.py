"""The official client and its receiver against the stand-in."""

from __future__ import annotations

import httpx
import pytest
from qstash import QStash, Receiver
from qstash.errors import (
    DailyMessageLimitExceededError,
    QStashError,
    RateLimitExceededError,
    SignatureError,
)

from tests.sandbox.endpoint import BROKEN, GIVE_UP, OK
from tests.sandbox.qstash_client import CURRENT_KEY, NEXT_KEY, TOKEN


@pytest.fixture
def sdk(sandbox, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client = QStash(TOKEN, base_url=sandbox.url, retry=False)
    yield client
    client.http._client.close()


@pytest.fixture
def receiver():
    return Receiver(CURRENT_KEY, NEXT_KEY)


def verify(receiver, delivery, url):
    receiver.verify(
        signature=delivery.header["Upstash-Signature"], body=delivery.body.decode(), url=url
    )


@pytest.mark.parametrize("body", [{"name": "Nguyễn"}, None, [1, 2]])
def test_what_it_publishes_arrives_and_verifies(sdk, receiver, endpoint, body):
    published = sdk.message.publish_json(
        url=endpoint.url,
        body=body,
        headers={"X-Kind": "demo"},
        retries=2,
        timeout=30,
        deduplication_id="job-1",
        label="demo",
    )

    (delivery,) = endpoint.wait_for(1)
    verify(receiver, delivery, endpoint.url)
    assert published.deduplicated is False
    assert delivery.header["Upstash-Message-Id"] == published.message_id
    assert delivery.header["Content-Type"] == "application/json"
    assert delivery.header["X-Kind"] == "demo"


def test_an_empty_body_verifies_too(sdk, receiver, endpoint):
    sdk.message.publish(url=endpoint.url)

    verify(receiver, endpoint.wait_for(1)[0], endpoint.url)


def test_it_sees_that_a_message_was_a_repeat(sdk, endpoint):
    first, second = (
        sdk.message.publish_json(url=endpoint.url, body={}, deduplication_id="job-1", delay=60)
        for _ in range(2)
    )

    assert second.message_id == first.message_id
    assert second.deduplicated is True


def test_it_looks_up_and_cancels(sdk, endpoint):
    ids = [
        sdk.message.publish(url=endpoint.url, body="b", delay="1h", retry_delay="1000").message_id
        for _ in range(3)
    ]

    message = sdk.message.get(ids[0])
    assert (message.message_id, message.url, message.body) == (ids[0], endpoint.url, "b")
    assert (message.max_retries, message.retry_delay_expression) == (3, "1000")

    sdk.message.cancel(ids[0])
    assert sdk.message.cancel_many(ids) == 2
    with pytest.raises(QStashError, match="404"):
        sdk.message.get(ids[0])


def test_its_calls_without_ids_are_refused(sdk, endpoint):
    message_id = sdk.message.publish(url=endpoint.url, delay="1h").message_id

    for call in (
        lambda: sdk.message.cancel(""),
        lambda: sdk.message.cancel_many([]),
        lambda: sdk.message.cancel_all(),
        lambda: sdk.dlq.delete(""),
        lambda: sdk.dlq.delete_many([]),
    ):
        with pytest.raises(QStashError, match="400"):
            call()

    assert sdk.message.get(message_id).message_id == message_id


def test_it_publishes_a_batch(sdk, receiver, endpoint):
    answers = sdk.message.batch_json(
        [{"url": endpoint.url, "body": {"n": 1}}, {"url": endpoint.url, "body": {"n": 2}}]
    )

    deliveries = endpoint.wait_for(2)
    arrived = {each.header["Upstash-Message-Id"] for each in deliveries}
    assert arrived == {each.message_id for each in answers}
    for delivery in deliveries:
        verify(receiver, delivery, endpoint.url)


def test_it_reads_and_empties_the_dead_letter_queue(sdk, qstash, endpoint):
    endpoint.answer = GIVE_UP
    ids = [sdk.message.publish(url=endpoint.url, body="b").message_id for _ in range(3)]
    for message_id in ids:
        qstash.wait_for_state(message_id, "failed")

    listed = sdk.dlq.list(count=10).messages
    letter = sdk.dlq.get(listed[0].dlq_id)
    assert {each.message_id for each in listed} == set(ids)
    assert (letter.response_status, letter.response_body) == (489, "never again")

    endpoint.answer = OK
    retried = sdk.http.request(path=f"/v2/dlq/retry/{listed[0].dlq_id}", method="POST")
    qstash.wait_for_state(retried["messageId"], "delivered")
    sdk.dlq.delete(listed[1].dlq_id)
    assert sdk.dlq.delete_many([listed[2].dlq_id]) == 1
    assert sdk.dlq.list().messages == []


def test_it_manages_schedules(sdk, endpoint):
    schedule_id = sdk.schedule.create_json(
        destination=endpoint.url, cron="*/5 * * * *", body={}, schedule_id="sweep", retries=1
    )

    schedule = sdk.schedule.get("sweep")
    assert schedule_id == "sweep"
    assert (schedule.destination, schedule.cron) == (endpoint.url, "*/5 * * * *")
    assert (schedule.retries, schedule.method, schedule.paused) == (1, "POST", False)

    sdk.schedule.pause("sweep")
    assert [each.paused for each in sdk.schedule.list()] == [True]
    sdk.schedule.resume("sweep")
    assert sdk.schedule.get("sweep").paused is False
    sdk.schedule.delete("sweep")
    assert sdk.schedule.list() == []


def test_it_verifies_through_one_rotation_and_not_through_two(sdk, receiver, endpoint):
    assert sdk.signing_key.get().current == CURRENT_KEY
    sdk.signing_key.rotate()
    sdk.message.publish(url=endpoint.url)
    sdk_keys = sdk.signing_key.rotate()
    endpoint.wait_for(1)
    sdk.message.publish(url=endpoint.url)

    once, twice = endpoint.wait_for(2)

    verify(receiver, once, endpoint.url)
    with pytest.raises(SignatureError):
        verify(receiver, twice, endpoint.url)
    verify(Receiver(sdk_keys.current, sdk_keys.next), twice, endpoint.url)


@pytest.mark.parametrize("mistake", ["wrong_key", "other_url", "other_body", "expired"])
def test_it_rejects_every_wrong_signature(sdk, sandbox, receiver, endpoint, mistake):
    sandbox.set_weather(qstash_signature=mistake)

    sdk.message.publish(url=endpoint.url, body="body")

    with pytest.raises(SignatureError):
        verify(receiver, endpoint.wait_for(1)[0], endpoint.url)


def test_it_reads_the_log(sdk, qstash, endpoint):
    endpoint.answers = [BROKEN]
    message_id = sdk.message.publish(url=endpoint.url, label="demo").message_id
    cancelled = sdk.message.publish(url=endpoint.url, delay="1h").message_id
    sdk.message.cancel(cancelled)
    qstash.wait_for_state(message_id, "delivered")

    logs = sdk.log.list(filter={"message_id": message_id}).logs

    assert [each.state.value for each in logs][0] == "DELIVERED"
    assert {each.url for each in sdk.log.list().logs} == {endpoint.url}


def test_errors_arrive_as_its_own_classes(sdk, sandbox, endpoint):
    def publish(**wish):
        return sdk.message.publish(url=endpoint.url, **wish)

    with pytest.raises(QStashError, match="DeduplicationId cannot contain ':'"):
        publish(deduplication_id="a:b")
    sandbox.set_weather(qstash_limited={"value": True, "times": 1})
    with pytest.raises(RateLimitExceededError):
        publish()
    sandbox.set_weather(qstash_limited={"value": "daily", "times": 1})
    with pytest.raises(DailyMessageLimitExceededError):
        publish()
    sandbox.set_weather(qstash_answer_lost={"value": True, "times": 1})
    with pytest.raises(httpx.TransportError):
        publish(deduplication_id="a")
    assert publish(deduplication_id="a").deduplicated is True


def test_a_wrong_token_is_an_error(sandbox, endpoint):
    client = QStash("wrong", base_url=sandbox.url, retry=False)

    with pytest.raises(QStashError, match="401"):
        client.message.publish(url=endpoint.url)

    client.http._client.close()
