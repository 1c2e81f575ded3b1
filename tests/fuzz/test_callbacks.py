"""The addresses that answer without a log-in: whatever is sent there, only a signature is believed.

VNPay's call, the browser's return and QStash's wake-up call get odd names and values, values twice,
half an encoding, enormous and deeply nested things; unsigned, badly signed, and signed for real.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from urllib.parse import quote_from_bytes

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.models import Job
from jobs.outbox import enqueue
from orders.models import Ticket
from payments.models import PaymentCase
from tests.factories import PaymentFactory, from_now
from tests.jobs.test_endpoint import CURRENT, NEXT, signature_of
from tests.pages.my_pages import everything
from tests.payments.vnpay_calls import IPN, RETURN, callback_fields, signed
from ticketing.invariants import violations

JOBS = "/internal/jobs/"
TIMES = settings(
    max_examples=3000 if "FUZZ_SECONDS" in os.environ else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

names = st.sampled_from(
    ["vnp_TxnRef", "vnp_Amount", "vnp_ResponseCode", "vnp_TransactionStatus", "vnp_TransactionNo",
     "vnp_TmnCode", "vnp_OrderInfo", "vnp_SecureHash", "vnp_SecureHashType", "vnp_x", "x"]
)  # fmt: skip
digits = st.text("0123456789", max_size=40)
values = st.text(max_size=60) | digits | st.sampled_from(["00", "\0", "9" * 5000, "é" * 300])
raw = st.binary(max_size=60).map(quote_from_bytes)
pieces = st.builds("{}={}".format, names, raw | digits) | st.binary(max_size=40).map(
    lambda octets: octets.decode("latin-1")
)


@pytest.fixture
def payment():
    return PaymentFactory()


def stored():
    return [*everything(), Ticket.objects.count(), PaymentCase.objects.count()]


@contextmanager
def undone():
    """What happens inside is rolled back, so that each case finds the same rows."""
    beginning = transaction.savepoint()
    yield
    transaction.savepoint_rollback(beginning)


def call(client, address, query):
    return client.generic("GET", address, QUERY_STRING=query)


@given(query=st.lists(pieces, max_size=12).map("&".join))
@TIMES
def test_what_is_not_signed_is_refused_and_changes_nothing(client, payment, query):
    with undone():
        before = stored()

        answer = call(client, IPN, query)
        page = call(client, RETURN, query)

        assert answer.status_code == 200
        assert answer.json()["RspCode"] in ("97", "99")
        assert page.status_code == 400
        assert stored() == before


@given(changes=st.dictionaries(names.filter(lambda name: "SecureHash" not in name), values))
@TIMES
def test_a_success_whose_fields_were_changed_is_not_believed(client, payment, changes):
    fields = callback_fields(payment)
    hash_of_the_success = signed(fields).rsplit("=", 1)[1]
    changed = {**fields, **changes}
    if {name: value for name, value in changed.items() if value} == fields or set(changes) <= {"x"}:
        return
    with undone():
        before = stored()

        answer = client.get(IPN, {**changed, "vnp_SecureHash": hash_of_the_success})

        assert answer.json()["RspCode"] == "97"
        assert stored() == before


@given(changes=st.dictionaries(names.filter(lambda name: "SecureHash" not in name), values))
@TIMES
def test_what_vnpay_signs_is_answered_by_its_table_however_odd(client, payment, caplog, changes):
    fields = {**callback_fields(payment), **changes}
    query = signed({name: value for name, value in fields.items() if name.startswith("vnp_")})
    caplog.clear()
    for address in (IPN, RETURN):
        with undone(), caplog.at_level(logging.ERROR):
            answer = call(client, address, query)

            if address == IPN:
                assert answer.json()["RspCode"] in ("00", "01", "04", "97", "99")
            assert answer.status_code in (200, 400, 404)
            assert "could not be recorded" not in caplog.text
            payment.refresh_from_db()
            if payment.status == "captured":
                assert fields["vnp_Amount"] == str(int(payment.amount) * 100)
                assert fields["vnp_TxnRef"] == payment.txn_ref
            assert not any(violations().values())


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"vnp_{number}=1" for number in range(5000)),
        "vnp_Amount=" + "9" * 500_000,
        "vnp_TxnRef[][][]=1&vnp_TxnRef[a]=2",
        "vnp_Amount=%FF%FE&vnp_TxnRef=%C3%28",
        "vnp_SecureHash=" + "0" * 128 + "&vnp_SecureHash=" + "1" * 128 + "&vnp_TxnRef=1",
        ";".join(["vnp_TxnRef=1"] * 50),
    ],
    ids=["many", "long", "brackets", "no utf-8", "two hashes", "semicolons"],
)
def test_a_flood_is_refused_and_changes_nothing(client, payment, query):
    before = stored()

    assert call(client, IPN, query).json()["RspCode"] in ("97", "99")
    assert call(client, RETURN, query).status_code == 400
    assert stored() == before


@pytest.fixture
def keys(settings):
    settings.QSTASH_CURRENT_SIGNING_KEY, settings.QSTASH_NEXT_SIGNING_KEY = CURRENT, NEXT
    return settings


@pytest.fixture
def job():
    return enqueue("orders.paid", run_at=from_now(seconds=-1), order_id=0)


def all_jobs():
    return list(Job.objects.order_by("pk").values())


content_types = st.sampled_from(
    ["application/json", "text/plain", "multipart/form-data; boundary=x", "application/xml", ""]
)


@given(body=st.binary(max_size=200), signature=st.text(max_size=80), kind=content_types)
@TIMES
def test_a_wake_up_call_that_is_not_signed_runs_nothing(client, keys, job, body, signature, kind):
    before = all_jobs()

    headers = {"Upstash-Signature": signature.replace("\n", "").replace("\r", "")}
    answer = client.post(JOBS, body, content_type=kind, headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert all_jobs() == before


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | digits,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
messages = anything | st.fixed_dictionaries(
    {}, optional={"job": anything, "generation": anything, "schedule": anything}
)


def deliver(client, keys, body):
    headers = {"Upstash-Signature": signature_of(body, keys)}
    return client.post(JOBS, body, content_type="application/json", headers=headers)


@given(message=messages)
@TIMES
def test_a_signed_call_that_names_no_job_runs_nothing_and_is_not_sent_again(
    client, keys, job, message
):
    before = all_jobs()

    answer = deliver(client, keys, json.dumps(message).encode())

    assert answer.status_code == 489
    assert answer.headers["Upstash-NonRetryable-Error"] == "true"
    assert all_jobs() == before


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 4096,
        b'{"job":' * 580,
        b'{"job": ' + b"9" * 4000 + b', "generation": 0}',
        b'{"job": 1, "generation": ' + b"9" * 4000 + b"}",
        b'{"job": 1e999, "generation": 0}',
        b'{"job": "\\u0000", "generation": "\\ud800"}',
        b'{"schedule": "\\u0000"}',
        b"\xef\xbb\xbf{}",
    ],
    ids=["nested", "nested objects", "huge id", "huge generation", "infinite", "half a letter",
         "nul", "byte order mark"],
)  # fmt: skip
def test_a_signed_bomb_is_told_to_be_none(client, keys, job, body):
    before = all_jobs()

    assert deliver(client, keys, body).status_code == 489
    assert all_jobs() == before
