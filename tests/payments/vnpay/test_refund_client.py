"""What can be known of a request for money back when the network fails it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from payments.vnpay.client import refund
from payments.vnpay.codes import RefundVerdict
from payments.vnpay.refund import NEVER_LEFT, NO_REPLY, Reversal, refund_request
from tests.payments.vnpay.api_server import ApiServer, answers, says, says_then_stalls
from tests.sandbox.protocol import ANSWER_SIGNED, REFUND_SIGNED, hash_text
from tests.sandbox_process import find_free_port

NOW = datetime(2026, 2, 28, 17, 46, 5, tzinfo=UTC)
NOBODY_HEARS = "http://192.0.2.1/"  # an address for documentation: packets get lost


@pytest.fixture
def request_(config):
    reversal = Reversal(
        request_id="r1e2q3",
        txn_ref="a1b2c3d4e5f6",
        transaction_date="20260301003005",
        transaction_no="14226112",
        amount=Decimal(150_000),
        is_full=True,
        reason="Hoan tien",
        requested_by="refund-7",
    )
    return refund_request(reversal, now=NOW, config=config)


@pytest.fixture
def send(config, request_):
    """Send the request to this address, with half a second of patience."""

    def send(api_url: str):
        return refund(request_, config=replace(config, api_url=api_url, timeout=(0.5, 0.5)))

    return send


@pytest.fixture
def serve(monkeypatch):
    """Start an API that acts so; it is closed after the test."""
    monkeypatch.setenv("NO_PROXY", "*")
    servers = []

    def start(act) -> ApiServer:
        servers.append(ApiServer(act))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def genuine(request_):
    answer = {
        "vnp_ResponseId": "6f2a0c5e",
        "vnp_Command": "refund",
        "vnp_ResponseCode": "00",
        "vnp_Message": "Refund Success",
        "vnp_TransactionNo": "14226199",
        "vnp_TransactionStatus": "00",
    }
    for name in ("TmnCode", "TxnRef", "Amount", "TransactionType", "OrderInfo"):
        answer[f"vnp_{name}"] = request_[f"vnp_{name}"]
    text = "|".join(answer.get(f"vnp_{name}", "") for name in ANSWER_SIGNED[:13])
    return json.dumps({**answer, "vnp_SecureHash": hash_text(text)}).encode()


def test_the_request_travels_once_as_json_with_its_checksum(serve, send, request_):
    server = serve(answers(genuine(request_)))

    exchange = send(server.url)

    ((path, content_type, told),) = server.asked
    message = "|".join(told[f"vnp_{name}"] for name in REFUND_SIGNED)
    assert (path, content_type) == ("/merchant_webapi/api/transaction", "application/json")
    assert told == exchange.sent == {**request_, "vnp_SecureHash": hash_text(message)}
    assert exchange.reply.verdict is RefundVerdict.DONE
    assert exchange.received["vnp_TransactionNo"] == "14226199"


@pytest.mark.parametrize(
    "act",
    [
        answers(b"", status=503),
        answers(b"{}"),
        answers(b"<html>Maintenance</html>"),
        says(b""),
        says(b"HTTP/1.1 200 OK\r\n"),
        says(b"SSH-2.0-OpenSSH_9.6\r\n"),
        says_then_stalls(b""),
        says_then_stalls(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    ],
    ids=["503", "unsigned", "no JSON", "cut", "cut later", "not HTTP", "silent", "silent later"],
)
def test_once_connected_nothing_but_a_signed_answer_tells_what_vnpay_did(serve, send, act):
    server = serve(act)

    exchange = send(server.url)

    assert exchange.reply == NO_REPLY
    assert len(server.asked) == 1
    assert json.dumps(exchange.received)


@pytest.mark.parametrize(
    "address",
    [
        f"http://127.0.0.1:{find_free_port()}/",
        "http://nobody.invalid/",
        NOBODY_HEARS,
        "",
        "pay.example",
        "ftp://127.0.0.1/",
    ],
    ids=["refused", "no such name", "not reached", "no address", "no scheme", "not HTTP"],
)
@pytest.mark.usefixtures("serve")
def test_without_a_connection_nothing_was_sent(send, address):
    exchange = send(address)

    assert exchange.reply == NEVER_LEFT
    assert exchange.received["error"]


def test_a_failed_handshake_is_not_proof_enough(serve, send, request_):
    server = serve(answers(genuine(request_)))

    assert send(f"https://{server.address}/").reply == NO_REPLY


def test_the_secret_does_not_travel(config, serve, send, request_):
    assert config.hash_secret not in repr(send(serve(answers(genuine(request_))).url))
