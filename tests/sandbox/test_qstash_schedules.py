from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.sandbox.qstash_client import as_header
from tests.sandbox_process import wait_until

DAILY = "30 4 * * *"


def create(qstash, url, cron=DAILY, body=b"{}", **header):
    headers = as_header({"cron": cron, **header})
    return qstash.http.post(f"/v2/schedules/{url}", content=body, headers=headers)


def find(qstash, schedule_id):
    return qstash.http.get(f"/v2/schedules/{schedule_id}").json()


def test_a_schedule_is_shown_as_it_was_created(qstash, endpoint):
    answer = create(
        qstash, endpoint.url, body=b"body", method="PUT", retries="1", label="l", forward_x="1"
    )

    assert answer.status_code == 200
    schedule = find(qstash, answer.json()["scheduleId"])
    assert schedule["scheduleId"].startswith("scd_")
    assert (schedule["destination"], schedule["cron"]) == (endpoint.url, DAILY)
    assert (schedule["method"], schedule["retries"]) == ("PUT", 1)
    assert (schedule["body"], schedule["header"]) == ("body", {"x": ["1"]})
    assert (schedule["isPaused"], schedule["label"]) == (False, "l")
    assert "lastScheduleTime" not in schedule
    assert qstash.http.get("/v2/schedules").json() == [schedule]
    assert qstash.messages() == []


@pytest.mark.parametrize(
    ("cron", "zone"), [(DAILY, UTC), (f"CRON_TZ=Asia/Ho_Chi_Minh {DAILY}", "Asia/Ho_Chi_Minh")]
)
def test_the_next_time_follows_the_cron_expression_and_its_zone(qstash, endpoint, cron, zone):
    schedule_id = create(qstash, endpoint.url, cron).json()["scheduleId"]

    moment = find(qstash, schedule_id)["nextScheduleTime"] / 1000

    local = datetime.fromtimestamp(moment, ZoneInfo(zone) if isinstance(zone, str) else zone)
    assert (local.hour, local.minute, local.second) == (4, 30, 0)
    assert 0 < moment - time.time() <= 86_400


@pytest.mark.parametrize(
    "cron",
    ["", "* * * *", "* * * * * *", "61 * * * *", "0 0 31 2 *", "CRON_TZ=No/Where * * * * *", "x"],
)
def test_a_wrong_expression_is_refused(qstash, endpoint, cron):
    assert create(qstash, endpoint.url, cron).status_code == 400
    assert qstash.http.get("/v2/schedules").json() == []


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("a-group", {}),
        ("http://example.com/", {}),
        ("http://127.0.0.1/", {"schedule_id": "a b"}),
        ("http://127.0.0.1/", {"schedule_id": "a:b"}),
        ("http://127.0.0.1/", {"retries": "6"}),
    ],
)
def test_what_could_not_be_published_cannot_be_scheduled(qstash, url, header):
    assert create(qstash, url, **header).status_code == 400


def test_each_firing_is_a_message_of_its_own(qstash, endpoint):
    create(qstash, endpoint.url, "* * * * *", b"tick", schedule_id="sweep", forward_x="1")
    before = find(qstash, "sweep")

    qstash.advance(60)
    (first,) = endpoint.wait_for(1)
    qstash.advance(60)
    _, second = endpoint.wait_for(2)

    assert first.header["Upstash-Schedule-Id"] == "sweep"
    assert (first.body, first.header["X"]) == (b"tick", "1")
    assert first.header["Upstash-Message-Id"] != second.header["Upstash-Message-Id"]
    after = find(qstash, "sweep")
    assert after["lastScheduleTime"] >= before["createdAt"]
    assert after["nextScheduleTime"] > time.time() * 1000
    assert [each["schedule_id"] for each in qstash.messages(schedule_id="sweep")] == ["sweep"] * 2


def test_an_existing_id_is_overwritten(qstash, endpoint):
    create(qstash, endpoint.url, schedule_id="sweep")

    answer = create(qstash, endpoint.url, "* * * * *", schedule_id="sweep")

    assert answer.json() == {"scheduleId": "sweep"}
    (schedule,) = qstash.http.get("/v2/schedules").json()
    assert schedule["cron"] == "* * * * *"


def test_a_plan_has_only_so_many_schedules(qstash, endpoint):
    for number in range(10):
        assert create(qstash, endpoint.url, schedule_id=f"s{number}").status_code == 200

    assert create(qstash, endpoint.url, schedule_id="one-too-many").status_code == 412
    assert create(qstash, endpoint.url, schedule_id="s3").status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_a_paused_schedule_does_not_fire_until_it_is_resumed(qstash, endpoint, method):
    create(qstash, endpoint.url, "* * * * *", schedule_id="sweep")

    assert qstash.http.request(method, "/v2/schedules/sweep/pause").status_code == 200
    qstash.advance(120)
    qstash.wait_for_state(qstash.publish(endpoint.url), "delivered")
    assert find(qstash, "sweep")["isPaused"] is True
    assert len(endpoint.deliveries) == 1

    assert qstash.http.request(method, "/v2/schedules/sweep/resume").status_code == 200
    assert find(qstash, "sweep")["nextScheduleTime"] > time.time() * 1000
    qstash.advance(60)
    endpoint.wait_for(2)


def test_a_deleted_schedule_is_gone(qstash, endpoint):
    create(qstash, endpoint.url, "* * * * *", schedule_id="sweep")

    answers = [qstash.http.delete("/v2/schedules/sweep") for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 404]
    assert qstash.http.get("/v2/schedules/sweep").status_code == 404
    assert qstash.http.patch("/v2/schedules/sweep/pause").status_code == 404
    qstash.advance(120)
    assert qstash.messages() == []


def test_a_schedule_can_be_fired_by_hand(qstash, endpoint):
    create(qstash, endpoint.url, schedule_id="sweep")

    message = qstash.sandbox.control("POST", "qstash/schedules/sweep/fire")

    assert message["schedule_id"] == "sweep"
    assert endpoint.wait_for(1)[0].header["Upstash-Message-Id"] == message["id"]


def test_a_schedule_outlives_the_process(filed_qstash, endpoint):
    create(filed_qstash, endpoint.url, schedule_id="sweep")
    before = find(filed_qstash, "sweep")

    filed_qstash.sandbox.kill9()
    filed_qstash.sandbox.start()

    assert find(filed_qstash, "sweep") == before
    filed_qstash.advance(86_400)
    wait_until(lambda: len(endpoint.deliveries) == 1, seconds=5, what="the firing")
