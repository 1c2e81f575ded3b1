from __future__ import annotations

from tests.sandbox.endpoint import BROKEN, SILENCE
from tests.sandbox.qstash_client import CURRENT_KEY, NEXT_KEY, read_token
from tests.sandbox_process import wait_until


def restart(qstash):
    qstash.sandbox.kill9()
    qstash.sandbox.start()


def test_a_delayed_message_outlives_the_process(filed_qstash, endpoint):
    message_id = filed_qstash.publish(endpoint.url, b"\x00\xff", delay="1h", label="demo")
    before = filed_qstash.look(message_id)

    restart(filed_qstash)

    assert filed_qstash.look(message_id) == before
    filed_qstash.advance(3601)
    assert endpoint.wait_for(1)[0].body == b"\x00\xff"


def test_a_message_that_became_due_meanwhile_comes_at_the_start(filed_qstash, endpoint):
    filed_qstash.publish(endpoint.url, delay="1s")

    restart(filed_qstash)

    endpoint.wait_for(1)


def test_an_attempt_that_was_cut_off_is_made_again(filed_qstash, endpoint):
    endpoint.answers = [SILENCE]
    message_id = filed_qstash.publish(endpoint.url)
    endpoint.wait_for(1)

    restart(filed_qstash)

    filed_qstash.wait_for_state(message_id, "delivered")
    repeats = [each.header["Upstash-Retried"] for each in endpoint.deliveries]
    assert repeats == ["0", "0"]


def test_retries_go_on_where_they_were(filed_qstash, endpoint):
    endpoint.answers = [BROKEN]
    message_id = filed_qstash.publish(endpoint.url, retry_delay="3600000000")
    wait_until(
        lambda: filed_qstash.look(message_id)["retried"] == 1, seconds=5, what="the first attempt"
    )

    restart(filed_qstash)
    filed_qstash.advance(3600)

    filed_qstash.wait_for_state(message_id, "delivered")
    assert endpoint.deliveries[-1].header["Upstash-Retried"] == "1"


def test_deduplication_dead_letters_and_keys_outlive_the_process(filed_qstash, endpoint):
    endpoint.answers = [BROKEN]
    first = filed_qstash.publish(endpoint.url, retries="0", deduplication_id="job-1")
    filed_qstash.wait_for_state(first, "failed")
    letters = filed_qstash.dead_letters()
    keys = filed_qstash.http.post("/v2/keys/rotate").json()

    restart(filed_qstash)

    assert filed_qstash.publish(endpoint.url, deduplication_id="job-1") == first
    assert filed_qstash.dead_letters() == letters
    assert filed_qstash.http.get("/v2/keys").json() == keys
    filed_qstash.publish(endpoint.url)
    read_token(endpoint.wait_for(2)[1].header["Upstash-Signature"], keys["current"])


def test_a_reset_forgets_messages_schedules_and_rotations(qstash, endpoint):
    endpoint.answers = [SILENCE]
    qstash.publish(endpoint.url)
    endpoint.wait_for(1)
    qstash.http.post("/v2/keys/rotate")
    header = {"Upstash-Cron": "* * * * *"}
    qstash.http.post(f"/v2/schedules/{endpoint.url}", headers=header)

    qstash.sandbox.reset()

    assert qstash.messages() == []
    assert qstash.http.get("/v2/schedules").json() == []
    assert qstash.http.get("/v2/keys").json() == {"current": CURRENT_KEY, "next": NEXT_KEY}
    qstash.wait_for_state(qstash.publish(endpoint.url), "delivered")
