from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import MISSING, fields

import pytest

from sandbox.qstash_records import Message
from sandbox.store import Store
from tests.sandbox.endpoint import SILENCE
from tests.sandbox.protocol import link, pay_fields, query_fields, refund_fields
from tests.sandbox_process import HASH_SECRET, ROOT, TMN_CODE, clean_environment, wait_until

GOOD = {"VNPAY_TMN_CODE": TMN_CODE, "VNPAY_HASH_SECRET": HASH_SECRET, "SANDBOX_PORT": "1"}


@pytest.mark.parametrize(
    ("env", "word"),
    [
        ({"SANDBOX_HOST": "0.0.0.0"}, "loopback"),
        ({"SANDBOX_HOST": "192.168.1.4"}, "loopback"),
        ({"SANDBOX_HOST": "example.com"}, "loopback"),
        ({"VNPAY_HASH_SECRET": " "}, "VNPAY_HASH_SECRET"),
        ({"VNPAY_TMN_CODE": ""}, "VNPAY_TMN_CODE"),
        ({"SANDBOX_PORT": "many"}, "SANDBOX_PORT"),
        ({"SANDBOX_IPN_RETRY_SECONDS": "-1"}, "SANDBOX_IPN_RETRY_SECONDS"),
        (
            {"QSTASH_CURRENT_SIGNING_KEY": "same", "QSTASH_NEXT_SIGNING_KEY": "same"},
            "QSTASH_NEXT_SIGNING_KEY",
        ),
        ({"SANDBOX_QSTASH_RETRY_FACTOR": "fast"}, "SANDBOX_QSTASH_RETRY_FACTOR"),
        ({"SANDBOX_QSTASH_MAX_RETRIES": "-1"}, "SANDBOX_QSTASH_MAX_RETRIES"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(env, word):
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env=clean_environment({**GOOD, **env}),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert ended.returncode == 1
    assert word in ended.stderr
    assert "Traceback" not in ended.stderr


def test_killing_it_loses_nothing(filed_sandbox, merchant):
    values = pay_fields()
    ref = values["vnp_TxnRef"]
    filed_sandbox.pay(link(values))
    merchant.wait_for(1)
    wait_until(
        lambda: filed_sandbox.transaction(ref)["ipn"][0]["state"] == "confirmed",
        seconds=5,
        what="the IPN",
    )
    filed_sandbox.http.post(filed_sandbox.api_url, json=refund_fields(values, 50_000, "03"))
    filed_sandbox.set_weather(query_99={"value": True, "times": 1})
    before = filed_sandbox.transaction(ref)

    filed_sandbox.kill9()
    filed_sandbox.start()

    after = filed_sandbox.transaction(ref)
    del before["refunds"][0]["status"], after["refunds"][0]["status"]  # it follows the clock
    assert after == before
    assert filed_sandbox.control("GET", "weather")["global"] == {
        "query_99": {"value": True, "times": 1}
    }
    answer = filed_sandbox.http.post(filed_sandbox.api_url, json=query_fields(values)).json()
    assert answer["vnp_ResponseCode"] == "99"


def test_an_ipn_that_was_pending_is_sent_after_a_restart(filed_sandbox, merchant):
    values = pay_fields()
    merchant.answers = [SILENCE]
    filed_sandbox.pay(link(values))
    merchant.wait_for(1)

    filed_sandbox.kill9()  # in the middle of the first call
    filed_sandbox.start()

    first, second = merchant.wait_for(2)
    assert first.path == second.path
    wait_until(
        lambda: filed_sandbox.transaction(values["vnp_TxnRef"])["ipn"][0]["state"] == "confirmed",
        seconds=5,
        what="the IPN",
    )


def test_without_a_file_a_restart_forgets(filed_sandbox):
    filed_sandbox.stop()
    filed_sandbox.start({})
    filed_sandbox.pay(link(pay_fields()), outcome="left")

    filed_sandbox.stop()
    filed_sandbox.start()

    assert filed_sandbox.control("GET", "transactions") == {"transactions": []}


def test_a_file_of_an_earlier_version_is_brought_up_to_date(tmp_path):
    path = str(tmp_path / "sandbox.sqlite3")
    given = [field.name for field in fields(Message) if field.default is MISSING]
    message = Message(**{**dict.fromkeys(given, ""), "id": "msg_1"})
    earlier = Store(path)
    earlier.save(message)
    earlier.close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("ALTER TABLE qstash_messages DROP COLUMN flow_control_key")
        file.execute("ALTER TABLE qstash_messages DROP COLUMN parallelism")

    later = Store(path)

    assert later.find(Message, id="msg_1") == message
    later.close()
