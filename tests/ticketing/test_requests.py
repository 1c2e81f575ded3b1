"""Each request has an id and one line in the log, which tells no secret."""

from __future__ import annotations

import io
import json
import logging

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from orders import operations
from tests.factories import able_to_log_in, paid_order, placed_order
from tests.tokens import token_of
from ticketing.requests import AccessLogMiddleware


def lines(caplog):
    return [record for record in caplog.records if record.name == "ticketing.requests"]


def test_the_proxys_id_is_kept(client):
    answer = client.get("/api/v1/events/", headers={"X-Request-ID": "abc-123_DEF"})

    assert answer.headers["X-Request-ID"] == "abc-123_DEF"


@pytest.mark.parametrize("given", ["short", "x" * 65, "has space here", "new\\nline-abc"])
def test_an_id_that_looks_odd_is_replaced(client, given):
    answer = client.get("/api/v1/events/", headers={"X-Request-ID": given})

    assert answer.headers["X-Request-ID"] != given
    assert len(answer.headers["X-Request-ID"]) == 32


def test_a_request_is_one_line_with_route_status_and_duration(client, caplog):
    with caplog.at_level(logging.INFO, logger="ticketing.requests"):
        client.get("/api/v1/events/no-such-event/?token=secret")

    [line] = lines(caplog)
    assert line.getMessage() == "GET api/v1/events/<slug:slug>/ 404"
    assert line.milliseconds >= 0


@pytest.fixture
def stream(monkeypatch):
    """What is really written."""
    stream = io.StringIO()
    [handler] = [each for each in logging.getLogger().handlers if each.get_name() == "stderr"]
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def test_the_line_is_json_with_the_requests_id(client, stream):
    answer = client.get("/api/v1/events/")

    written = [json.loads(line) for line in stream.getvalue().splitlines()]

    [told] = [line for line in written if line["name"] == "ticketing.requests"]
    assert told["request_id"] == answer.headers["X-Request-ID"]
    assert (told["status"], told["route"]) == (200, "api/v1/events/")


def test_ticket_codes_tokens_and_passwords_never_reach_the_log(api, customer, client, caplog):
    order = placed_order(customer=customer)
    operations.confirm(order, by=None, at=timezone.now(), reason="The test pays it.")
    code = order.tickets.first().code

    with caplog.at_level(logging.DEBUG):
        api.get(f"/api/v1/tickets/{code}/qr.svg")
        client.get(f"/api/v1/tickets/{code}/qr.svg", headers={"Authorization": "Bearer sesame"})
        client.post(
            "/_allauth/app/v1/auth/login",
            {"email": "a@example.org", "password": "my-secret-password"},
            content_type="application/json",
        )

    told = "\n".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )
    assert code not in told
    assert "sesame" not in told
    assert "my-secret-password" not in told


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_code_of_a_ticket_is_not_even_in_the_log_of_a_bug(
    customer, stream, monkeypatch, method
):
    def explode(*arguments, **options):
        raise ZeroDivisionError

    monkeypatch.setattr("orders.downloads.qr_code", explode)
    order = paid_order(customer=customer)
    code = order.tickets.first().code
    browser = Client(raise_request_exception=False, enforce_csrf_checks=True)
    browser.force_login(customer)

    answer = getattr(browser, method)(f"/tickets/{code}/qr.svg")

    assert answer.status_code == (500 if method == "get" else 403)
    assert "tickets/<ticket_code:code>/qr.svg" in stream.getvalue()
    assert code not in stream.getvalue()
    if method == "get":
        assert "ZeroDivisionError" in stream.getvalue()


def test_no_token_of_a_log_in_is_in_the_log(client, stream, customer, caplog):
    able_to_log_in(customer, "my-secret-password")
    sent = {"email": customer.email, "password": "my-secret-password"}
    caplog.set_level(logging.DEBUG)

    told = client.post("/_allauth/app/v1/auth/login", sent, content_type="application/json")
    meta = told.json()["meta"]
    client.get("/api/v1/orders/", headers={"Authorization": f"Bearer {meta['access_token']}"})
    client.get("/_allauth/app/v1/auth/session", headers={"X-Session-Token": meta["session_token"]})

    for secret in ("access_token", "refresh_token", "session_token"):
        assert meta[secret] not in stream.getvalue()
    assert "my-secret-password" not in stream.getvalue()


def answered(caplog, browser, path):
    with caplog.at_level(logging.INFO, logger="ticketing.requests"):
        browser.get(path)
    return lines(caplog)[-1]


def test_a_refusal_names_whom_it_met_by_the_accounts_id(client, customer, caplog):
    somebody_elses = placed_order().code
    program = Client(headers={"Authorization": f"Bearer {token_of(customer)}"})
    client.force_login(customer)

    by_api = answered(caplog, program, f"/api/v1/orders/{somebody_elses}/")
    by_page = answered(caplog, client, f"/orders/{somebody_elses}/")

    assert (by_api.status, by_api.user) == (404, customer.pk)
    assert (by_page.status, by_page.user) == (404, customer.pk)


def test_who_is_served_is_not_written_down(client, customer, caplog):
    client.force_login(customer)

    line = answered(caplog, client, "/orders/")

    assert line.status == 200
    assert not hasattr(line, "user")


def test_a_refusal_of_a_visitor_names_nobody(client, caplog):
    line = answered(caplog, client, "/api/v1/orders/")

    assert (line.status, line.user) == (401, None)


def test_nobody_is_looked_up_for_the_log(rf, caplog):
    def look_up():
        raise AssertionError("The log has asked who it is.")

    request = rf.get("/")
    request.user = SimpleLazyObject(look_up)
    request.resolver_match = None

    with caplog.at_level(logging.INFO, logger="ticketing.requests"):
        AccessLogMiddleware(lambda request: HttpResponse(status=404))(request)

    assert lines(caplog)[0].user is None
