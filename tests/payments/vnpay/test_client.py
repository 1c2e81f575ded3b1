from __future__ import annotations

import gzip
import itertools
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from payments.vnpay.client import LARGEST_ANSWER, query, redacted
from payments.vnpay.codes import Verdict
from payments.vnpay.query import NO_INFORMATION
from tests.payments.vnpay.api_server import (
    Act,
    ApiServer,
    answers,
    says,
    says_then_stalls,
    trickles,
)
from tests.sandbox.protocol import ANSWER_SIGNED, QUERY_SIGNED, hash_text
from tests.sandbox_process import find_free_port, wait_until

TXN_REF = "a1b2c3d4e5f6"
CREATE_DATE = "20260301003005"
NOW = datetime(2026, 2, 28, 17, 46, 5, tzinfo=UTC)
MANY_SECONDS = 10  # far more than the client may take, far less than for ever

PAID = {
    "vnp_ResponseId": "6f2a0c5e",
    "vnp_Command": "querydr",
    "vnp_ResponseCode": "00",
    "vnp_Message": "QueryDR Success",
    "vnp_TmnCode": "TESTTMN1",
    "vnp_TxnRef": TXN_REF,
    "vnp_Amount": "15000000",
    "vnp_OrderInfo": "Thanh toan don hang: ABC",
    "vnp_TransactionNo": "14226112",
    "vnp_TransactionType": "01",
    "vnp_TransactionStatus": "00",
}
CHECKSUM = hash_text("|".join(PAID.get(f"vnp_{name}", "") for name in ANSWER_SIGNED))
GENUINE = json.dumps({**PAID, "vnp_SecureHash": CHECKSUM}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ENDLESS = itertools.repeat


@pytest.fixture
def serve(monkeypatch) -> Iterator:
    """Start an API that acts so; it is closed after the test."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    servers = []

    def start(act: Act) -> ApiServer:
        servers.append(ApiServer(act))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def ask(config):
    """Ask the API at this address, with so many seconds of patience."""

    def call(api_url: str, patience: float = 0.5):
        there = replace(config, api_url=api_url, timeout=(patience, patience))
        return query(txn_ref=TXN_REF, transaction_date=CREATE_DATE, now=NOW, config=there)

    return call


def test_a_signed_answer_is_understood_and_kept(serve, ask):
    exchange = ask(serve(answers(GENUINE)).url, MANY_SECONDS)

    assert (exchange.answer.verdict, exchange.answer.amount) == (Verdict.PAID, Decimal(150_000))
    assert exchange.received == {**PAID, "vnp_SecureHash": CHECKSUM}


def test_calls_right_after_one_another_share_a_connection_until_one_goes_wrong(serve, ask):
    ports = []

    def keep_open(call):
        ports.append(call.client_address[1])
        if len(ports) == 3:
            return  # closed without a word
        call.close_connection = False
        call.connection.settimeout(0.2)
        answers(GENUINE, Connection="keep-alive")(call)

    server = serve(keep_open)

    verdicts = [ask(server.url, MANY_SECONDS).answer.verdict for _ in range(4)]

    assert verdicts == [Verdict.PAID, Verdict.PAID, Verdict.NO_INFORMATION, Verdict.PAID]
    first, second, third, fourth = ports
    assert first == second == third != fourth


def test_the_way_out_that_the_environment_names_is_taken(serve, ask, monkeypatch):
    proxy = serve(answers(GENUINE))
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")

    with ThreadPoolExecutor(1) as pool:  # each thread has connections of its own
        exchange = pool.submit(ask, "http://vnpay.invalid/api", MANY_SECONDS).result()

    assert exchange.answer.verdict is Verdict.PAID
    assert [path for path, _content_type, _asked in proxy.asked] == ["http://vnpay.invalid/api"]


def test_the_question_travels_once_as_json_with_its_checksum(serve, ask):
    server = serve(answers(GENUINE))

    exchange = ask(server.url, MANY_SECONDS)

    ((path, content_type, asked),) = server.asked
    message = "|".join(asked[f"vnp_{name}"] for name in QUERY_SIGNED)
    assert (path, content_type) == ("/merchant_webapi/api/transaction", "application/json")
    assert asked == exchange.sent
    assert asked.pop("vnp_SecureHash") == hash_text(message)
    assert asked == {
        "vnp_RequestId": asked["vnp_RequestId"],
        "vnp_Version": "2.1.0",
        "vnp_Command": "querydr",
        "vnp_TmnCode": "TESTTMN1",
        "vnp_TxnRef": TXN_REF,
        "vnp_TransactionDate": CREATE_DATE,
        "vnp_CreateDate": "20260301004605",
        "vnp_IpAddr": "203.0.113.7",
        "vnp_OrderInfo": f"Hoi ket qua {TXN_REF}",
    }


@pytest.mark.parametrize(
    "act",
    [
        answers(gzip.compress(GENUINE), Content_Encoding="gzip"),
        says(HEAD + b"Connection: close\r\n\r\n" + GENUINE),
        says(
            HEAD
            + b"Transfer-Encoding: chunked\r\n\r\n"
            + b"".join(b"1\r\n%c\r\n" % byte for byte in GENUINE)
            + b"0\r\n\r\n"
        ),
        trickles(HEAD + b"\r\n" + GENUINE[:-2], [GENUINE[-2:-1], GENUINE[-1:]]),
        answers(GENUINE.ljust(LARGEST_ANSWER)),
    ],
    ids=["compressed", "until closed", "in chunks", "haltingly", "as long as allowed"],
)
def test_an_answer_is_understood_however_it_travels(serve, ask, act):
    assert ask(serve(act).url, MANY_SECONDS).answer.verdict is Verdict.PAID


USELESS = {
    "error 500": answers(GENUINE, status=500),
    "error 404": answers(GENUINE, status=404),
    "accepted": answers(GENUINE, status=202),
    "web page": answers(b"<html><body>Maintenance</body></html>", Content_Type="text/html"),
    "empty body": answers(b""),
    "no content": answers(b"", status=204),
    "list": answers(b"[" + GENUINE + b"]"),
    "null": answers(b"null"),
    "too long": answers(GENUINE.ljust(LARGEST_ANSWER + 1)),
    "endless": says_then_stalls(HEAD + b"\r\n" + b" " * 10_000_000),
    "bomb": answers(gzip.compress(GENUINE.ljust(10_000_000)), Content_Encoding="gzip"),
    "closed at once": says(b""),
    "closed in the head": says(HEAD),
    "closed in the body": says(HEAD + b"Content-Length: 9999\r\n\r\n" + GENUINE),
    "closed in a chunk": says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + GENUINE),
    "bad chunk": says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n" + GENUINE),
    "bad compression": answers(GENUINE, Content_Encoding="gzip"),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "silent": says_then_stalls(b""),
    "silent in the head": says_then_stalls(HEAD),
    "silent in the body": says_then_stalls(HEAD + b"Content-Length: 9999\r\n\r\n" + GENUINE),
    "deeply nested list": answers(b"[" * 30_000 + b"]" * 30_000),
    "deeply nested object": answers(b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "nested in a field": answers(b'{"vnp_Message":' + b"[" * 900 + b"]" * 900 + b"}"),
    "not UTF-8": answers(GENUINE.replace(b"ABC", b"\xff\xfe\xfd")),
    "half a surrogate pair": answers(GENUINE.replace(b"ABC", rb"\ud800")),
    "half of one unsigned": answers(GENUINE[:-1] + rb', "x": ["\udfff"]}'),
    "unsigned": answers(json.dumps(PAID).encode()),
    "changed": answers(GENUINE.replace(b"15000000", b"16000000")),
}


@pytest.mark.parametrize("act", USELESS.values(), ids=USELESS)
def test_whatever_else_comes_back_is_no_information(serve, ask, act):
    server = serve(act)

    exchange = ask(server.url)

    assert exchange.answer == NO_INFORMATION
    assert len(server.asked) == 1
    assert exchange.sent == server.asked[0][2]
    assert exchange.received
    assert json.dumps(exchange.received)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(serve, ask, status):
    elsewhere = serve(answers(GENUINE))
    server = serve(answers(GENUINE, status=status, Location=elsewhere.url))

    assert ask(server.url).answer == NO_INFORMATION
    assert (len(server.asked), elsewhere.asked) == (1, [])


def test_nobody_listening_is_no_information(ask):
    exchange = ask(f"http://127.0.0.1:{find_free_port()}/")

    assert exchange.answer == NO_INFORMATION
    assert exchange.received["error"].startswith("ConnectionError")


def test_an_api_that_does_not_speak_tls_is_not_told_anything(serve, ask):
    server = serve(answers(GENUINE))

    assert ask(f"https://{server.address}/").answer == NO_INFORMATION
    assert server.asked == []


@pytest.mark.parametrize("address", ["", "pay.example", "http://", "ftp://127.0.0.1/"])
def test_an_address_that_is_none_is_no_information(ask, address):
    assert ask(address).answer == NO_INFORMATION


@pytest.mark.parametrize(
    "act",
    [
        trickles(b"", ENDLESS(b"H")),
        trickles(HEAD, itertools.chain([b"X-More: "], ENDLESS(b"x"))),
        trickles(HEAD + b"Content-Length: 60000\r\n\r\n", ENDLESS(b" ")),
        trickles(HEAD + b"\r\n", ENDLESS(b" ")),
        trickles(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", ENDLESS(b"1\r\n \r\n")),
        trickles(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", ENDLESS(b"0")),
    ],
    ids=["first line", "head", "body", "body without length", "chunks", "length of a chunk"],
)
def test_an_answer_that_trickles_for_ever_is_given_up_and_leaves_nothing_behind(serve, ask, act):
    threads_before = set(threading.enumerate())
    server = serve(act)
    started = time.monotonic()

    exchange = ask(server.url)

    assert time.monotonic() - started < MANY_SECONDS
    assert exchange.answer == NO_INFORMATION
    assert exchange.received["error"]
    server.close()
    wait_until(
        lambda: set(threading.enumerate()) <= threads_before,
        seconds=MANY_SECONDS,
        what="the thread of the call to end with its connection",
    )


def test_the_log_gets_neither_signatures_nor_card_data():
    message = {
        "vnp_TxnRef": TXN_REF,
        "vnp_Amount": 15000000,
        "vnp_SecureHash": CHECKSUM,
        "VNP_SECUREHASH": CHECKSUM.upper(),
        "vnp_CardNumber": "9704198526191432198",
        "vnp_CardHolder": "NGUYEN VAN A",
        "vnp_Issuer": "NCB",
        "vnp_BankTranNo": "VNP14226112",
    }

    assert redacted(message) == {
        "vnp_TxnRef": TXN_REF,
        "vnp_Amount": 15000000,
        "vnp_SecureHash": "[removed]",
        "VNP_SECUREHASH": "[removed]",
        "vnp_CardNumber": "[removed]",
        "vnp_CardHolder": "[removed]",
        "vnp_Issuer": "[removed]",
        "vnp_BankTranNo": "[removed]",
    }
    assert message["vnp_SecureHash"] == CHECKSUM


def test_the_secret_is_not_shown_where_the_configuration_is(config):
    assert config.hash_secret not in repr(config)
    assert config.hash_secret not in f"{config} {[config]}"
    assert config.tmn_code in repr(config)


def test_the_secret_neither_travels_nor_comes_up_in_errors(config, serve, ask):
    for act in (answers(GENUINE), says(b"")):
        assert config.hash_secret not in repr(ask(serve(act).url))
