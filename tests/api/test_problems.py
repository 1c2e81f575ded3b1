"""Every refusal is problem+json with a code; nothing that is sent makes a 500."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from django.db import DataError, OperationalError
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from orders.models import Order
from tests.factories import placed_order, seats_in_area
from ticketing.invariants import violations

AS_A_WHOLE = {"non_field_errors": ["The request can't be read as it is."]}


def problem(answer):
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/v1/nothing/", 404, "not-found"),
        ("get", "/api/v1/events/unknown/", 404, "not-found"),
        ("get", "/api/v1/showings/0/", 404, "not-found"),
        ("get", "/api/v1/showings/99999999999999999999/", 404, "not-found"),
        ("get", "/api/v1/showings/99999999999999999999/seats/", 404, "not-found"),
        ("get", "/api/v1/showings/abc/", 404, "not-found"),
        ("get", "/api/v1/orders/NOSUCHCODE22/", 404, "not-found"),
        ("get", "/api/v1/orders/%00/", 404, "not-found"),
        ("post", "/api/v1/orders/%00/payments/", 404, "not-found"),
        ("get", "/api/v1/orders/%00/refunds/", 404, "not-found"),
        ("get", "/api/v1/tickets/%00/qr.svg", 404, "not-found"),
        ("post", "/api/v1/orders/NOSUCHCODE22/cancel/", 404, "not-found"),
        ("post", "/api/v1/orders/NOSUCHCODE22/payments/", 404, "not-found"),
        ("get", "/api/v1/orders/NOSUCHCODE22/tickets/", 404, "not-found"),
        ("get", "/api/v1/tickets/NOSUCHCODE/qr.svg", 404, "not-found"),
        ("delete", "/api/v1/orders/", 405, "method-not-allowed"),
        ("get", "/api/v1/orders/?cursor=nonsense", 400, "invalid"),
        ("get", "/api/v1/orders/?cursor=cD1ub3QtYS1kYXRl", 400, "invalid"),
        ("get", "/api/v1/events/?status=draft", 400, "invalid"),
        ("get", "/api/v1/events/?starts_after=yesterday", 400, "invalid"),
        ("get", "/api/v1/events/?search=%00", 400, "invalid"),
        ("get", "/_allauth/nowhere", 404, "not-found"),
    ],
)
def test_what_does_not_exist_or_makes_no_sense_is_told(api, method, path, status, code):
    answer = getattr(api, method)(path)

    assert answer.status_code == status
    told = problem(answer)
    assert told["code"] == code
    assert bool(told.get("errors")) is (code == "invalid")


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_program_that_forgets_the_last_slash_is_told_and_not_led_on(api, method):
    [seat] = seats_in_area(1)
    wish = {"showing": seat.showing_id, "seats": [seat.pk]} if method == "post" else None

    answer = getattr(api, method)("/api/v1/orders", wish)

    assert answer.status_code == 404
    assert problem(answer)["detail"] == "Put a slash at the end of this address."
    assert not Order.objects.exists()


def test_staff_are_not_told_to_put_a_slash_where_there_is_one(admin_client):
    answer = admin_client.get("/admin/nonsense/", HTTP_ACCEPT="text/html")

    assert answer.status_code == 404
    assert "slash" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/orders", "/api/docs", "/admin"])
def test_people_who_forget_it_are_led_on(client, path):
    answer = client.get(path)

    assert (answer.status_code, answer.url) == (301, f"{path}/")


@pytest.mark.parametrize("path", ["/api/v1/orders/", "/api/v1/orders/{code}/refunds/"])
def test_what_is_to_be_sent_is_not_described_by_what_is_answered(api, customer, path):
    answer = api.options(path.format(code=placed_order(customer=customer).code))

    assert answer.status_code == 200
    assert "POST" in answer.headers["Allow"]
    assert set(answer.json()) == {"name", "description", "renders", "parses"}


@pytest.mark.parametrize(
    ("accepted", "asked", "status"),
    [
        ("*/*", "", 200),
        ("application/json", "", 200),
        ("text/html, application/*;q=0.5", "", 200),
        ("application/json", "?format=json", 200),
        ("application/json", "?format=xml", 404),
        ("text/html", "", 406),
    ],
)
@pytest.mark.django_db
def test_answers_are_json_for_whoever_accepts_it(accepted, asked, status):
    answer = APIClient().get(f"/api/v1/events/{asked}", headers={"Accept": accepted})

    assert answer.status_code == status
    assert answer.json()


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{", "application/json", 400, "invalid"),
        ("[]", "application/json", 400, "invalid"),
        ("null", "application/json", 400, "invalid"),
        ("[" * 100_000, "application/json", 400, "invalid"),
        ('{"showing": NaN}', "application/json", 400, "invalid"),
        (b"\xff\xfe", "application/json", 400, "invalid"),
        ("", "application/json", 400, "invalid"),
        ("showing=1", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        ("<order/>", "text/xml", 415, "unsupported-media-type"),
        ('{"seats": "' + "1" * 2_000_000 + '"}', "application/json", 413, "too-large"),
    ],
)
def test_a_body_that_can_not_be_read_is_told(api, body, content_type, status, code):
    answer = api.generic("POST", "/api/v1/orders/", body, content_type=content_type)

    assert answer.status_code == status
    assert problem(answer)["code"] == code
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "address", ["auth/login", "auth/signup", "auth/password/request", "tokens/refresh"]
)
@pytest.mark.parametrize(
    "body",
    ["{", "[]", "[" * 100_000, '{"email": ' + "1" * 5000 + "}", b"\xff"],
    ids=["cut off", "list", "nested", "huge number", "no utf-8"],
)
def test_a_body_that_can_not_be_read_is_told_at_the_log_in_too(visitor, address, body):
    answer = visitor.generic("POST", f"/_allauth/app/v1/{address}", body, "application/json")

    assert answer.status_code == 400
    assert list(problem(answer)["errors"]) == ["non_field_errors"]


@pytest.mark.parametrize(("address", "name"), [("", "seats"), ("{code}/refund-quotes/", "tickets"),
                                               ("{code}/refunds/", "tickets")])  # fmt: skip
def test_a_list_that_is_too_long_is_refused_before_anything_in_it_is_looked_at(
    api, customer, address, name
):
    order = placed_order(customer=customer)
    body = {"showing": 1, "reason": "personal", name: [{}] * 1001}

    answer = api.post(f"/api/v1/orders/{address.format(code=order.code)}", body)

    assert answer.status_code == 400
    assert problem(answer)["errors"] == {
        name: ["Ensure this field has no more than 1000 elements."]
    }
    assert Order.objects.get() == order


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        ("payments/", {"provider": "\ud800"}, "provider"),
        ("payments/", {"provider": "vnpay", "locale": "\udfff"}, "locale"),
        ("refund-quotes/", {"reason": "\ud800"}, "reason"),
        ("refunds/", {"reason": "\ud800"}, "reason"),
    ],
)
def test_half_a_character_is_refused_like_any_other_wrong_choice(
    api, customer, address, body, field
):
    order = placed_order(customer=customer)

    answer = api.generic(
        "POST", f"/api/v1/orders/{order.code}/{address}", json.dumps(body), "application/json"
    )

    assert answer.status_code == 400
    assert list(problem(answer)["errors"]) == [field]
    assert not order.payments.exists()
    assert not order.refunds.exists()


@pytest.mark.parametrize(
    ("method", "accepted", "status", "code"),
    [
        ("options", "*/*", 405, "method-not-allowed"),
        ("post", "*/*", 405, "method-not-allowed"),
        ("get", "application/json", 406, "not-acceptable"),
        ("get", "text/html", 200, None),
        ("head", "text/html", 200, None),
    ],
)
def test_the_page_of_the_documentation_refuses_in_json_too(api, method, accepted, status, code):
    answer = getattr(api, method)("/api/docs/", headers={"Accept": accepted})

    assert answer.status_code == status
    assert code is None or problem(answer)["code"] == code


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\tb"])
def test_an_idempotency_key_must_be_plain_text(api, key):
    [seat] = seats_in_area(1)
    body = {"showing": seat.showing_id, "seats": [seat.pk]}

    answer = api.post("/api/v1/orders/", body, headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert "Idempotency-Key" in problem(answer)["errors"]
    assert not Order.objects.exists()


def test_the_language_of_the_reader_is_spoken(api):
    answer = api.get("/api/v1/nothing/", headers={"Accept-Language": "vi"})

    assert answer.headers["Content-Language"] == "vi"
    assert problem(answer)["code"] == "not-found"


@pytest.fixture
def a_vietnamese_before():
    """The request before on this thread has left its language there."""
    with override("vi"):
        yield


@pytest.mark.parametrize(("language", "told"), [("en", "too large"), ("vi", "quá lớn")])
@pytest.mark.parametrize("path", ["/api/v1/orders/", "/orders/"])
@pytest.mark.usefixtures("a_vietnamese_before")
def test_a_body_that_is_refused_at_once_is_in_the_language_of_its_reader(
    client, settings, path, language, told
):
    answer = client.post(
        path, headers={"Accept-Language": language}, CONTENT_LENGTH=str(settings.LARGEST_BODY + 1)
    )

    assert answer.status_code == 413
    is_problem = path.startswith("/api/")
    assert told in (problem(answer)["title"] if is_problem else answer.content.decode())


@pytest.mark.parametrize(("language", "told"), [("en", "Go back"), ("vi", "Hãy")])
@pytest.mark.usefixtures("a_vietnamese_before")
def test_a_host_that_is_refused_is_in_the_language_of_its_reader(client, settings, language, told):
    settings.SECURE_SSL_REDIRECT = True

    answer = client.get("/", headers={"Accept-Language": language, "Host": "evil.example"})

    assert answer.status_code == 400
    assert told in answer.content.decode()


def test_a_bug_says_nothing_but_the_requests_id(customer, monkeypatch):
    def explode(*arguments, **options):
        raise ZeroDivisionError("the secret inside")

    monkeypatch.setattr("orders.services.place_order", explode)
    order = placed_order(customer=customer)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(customer)

    answer = client.post(
        "/api/v1/orders/", {"showing": order.showing_id, "seats": [order.holds.first().seat_id]}
    )

    assert answer.status_code == 500
    assert problem(answer)["code"] == "internal"
    assert b"secret" not in answer.content


def test_a_database_that_is_away_is_a_busy_answer(customer, monkeypatch):
    def go_away(*arguments, **options):
        raise OperationalError("connection refused")

    monkeypatch.setattr("orders.models.OrderQuerySet.of_customer", go_away)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(customer)

    answer = client.get("/api/v1/orders/")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert problem(answer)["code"] == "busy"
    assert b"refused" not in answer.content


def test_what_the_database_does_not_take_is_invalid(customer, monkeypatch):
    def refuse(*arguments, **options):
        raise DataError("out of range")

    monkeypatch.setattr("orders.models.OrderQuerySet.of_customer", refuse)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(customer)

    answer = client.get("/api/v1/orders/")

    assert answer.status_code == 400
    assert problem(answer)["errors"] == AS_A_WHOLE


def test_a_call_to_another_host_is_invalid(visitor):
    answer = visitor.get("/api/v1/events/", headers={"host": "elsewhere.example"})

    assert answer.status_code == 400
    assert problem(answer)["errors"] == AS_A_WHOLE


def test_whoever_calls_too_often_is_told_when_to_come_back(api, monkeypatch):
    monkeypatch.setattr(
        "ticketing.api.throttling.PerCustomerThrottle.THROTTLE_RATES",
        {"reading": "2/min", "changing": "2/min"},
    )

    answers = [api.get("/api/v1/orders/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert problem(answers[-1])["code"] == "throttled"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
order_body = st.dictionaries(
    st.sampled_from(["showing", "seats", "area", "quantity", "provider", "x"]), anything
)


@given(body=order_body)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_sent_is_refused_and_changes_nothing(api, body):
    cache.clear()

    answer = api.post("/api/v1/orders/", body)

    assert answer.status_code in (400, 404)
    assert problem(answer)["code"] in ("invalid", "not-found")
    assert not Order.objects.exists()
    assert not any(violations().values())
