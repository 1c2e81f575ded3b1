"""Everything is UTF-8, whatever charset a request says that it has."""

from __future__ import annotations

import json
from io import BytesIO
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from ticketing.wsgi import application, in_utf8

ODD = ["zlib", "rot13", "base64", "undefined", "utf-7", "utf-16", "no-such", '"a;b"', ""]


@pytest.fixture(autouse=True)
def _the_tests_connection_stays_open():
    """Django's own client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def served(path, query="", *, content_type, method="GET", body=b""):
    """Status, headers and body of what the server's application answers."""
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body),
    }  # fmt: skip
    setup_testing_defaults(environ)
    begun = []
    answer = application(environ, lambda status, headers: begun.extend([status, dict(headers)]))
    content = b"".join(answer)
    answer.close()
    return begun[0], begun[1], content


@pytest.mark.parametrize("charset", ODD)
@pytest.mark.parametrize("name", ["charset", "Charset", "charset*"])
def test_an_address_is_read_as_utf_8(charset, name):
    kind = f"text/plain; {name}={charset}"

    status, headers, content = served("/api/v1/events/", "search=%C3%A9", content_type=kind)

    assert status == "200 OK"
    assert json.loads(content)["results"] == []
    assert headers["X-Request-ID"]


@pytest.mark.parametrize("charset", ODD)
def test_vnpay_and_people_are_answered_too(charset):
    kind = f"text/plain; charset={charset}"

    _, _, told = served("/payments/vnpay/ipn/", "vnp_TxnRef=%2B2AA-", content_type=kind)
    status, _, _ = served("/accounts/login/", "next=%2B2AA-", content_type=kind)

    assert json.loads(told)["RspCode"] == "97"
    assert status == "200 OK"


def test_a_body_is_read_as_utf_8_as_well():
    status, headers, content = served(
        "/_allauth/app/v1/auth/login", method="POST", body='{"email": "é"}'.encode(),
        content_type="application/json; charset=utf-16",
    )  # fmt: skip

    assert status == "400 Bad Request"
    assert headers["Content-Type"] == "application/json"
    assert {error["param"] for error in json.loads(content)["errors"]} == {"email", "password"}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("multipart/form-data; boundary=--x_1", "multipart/form-data; boundary=--x_1"),
        ("multipart/form-data; charset=zlib; Boundary=x", "multipart/form-data; Boundary=x"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("application/json;charset=utf-8", "application/json"),
        ("", ""),
    ],
)
def test_a_form_keeps_its_boundary(sent, read):
    seen = in_utf8(lambda environ, start: [environ["CONTENT_TYPE"].encode()])

    assert seen({"CONTENT_TYPE": sent}, None) == [read.encode()]
