"""Where TLS is used, pages lead on to it, and programs are told what went wrong."""

from __future__ import annotations

import pytest
from django.test import Client

from orders.models import Order
from tests.factories import seats_in_area
from tests.tokens import token_of


@pytest.fixture
def client(settings):
    """Of a shop behind a proxy that ends TLS. A middleware reads the settings when it starts."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    return Client()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/events/"),
        ("get", "/api/v1/orders"),
        ("post", "/api/v1/orders/"),
        ("get", "/api/v1/nowhere/"),
        ("post", "/_allauth/app/v1/auth/login"),
        ("post", "/internal/jobs/"),
    ],
)
def test_a_program_that_calls_in_clear_is_refused_and_not_led_on(client, method, path):
    answer = getattr(client, method)(path)

    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "https-required"
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_token_that_came_in_clear_does_nothing(client, customer):
    seat = seats_in_area(1)[0]
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token_of(customer)}"
    wish = {"showing": seat.showing_id, "seats": [seat.pk]}

    def order(**headers):
        return client.post("/api/v1/orders/", wish, "application/json", headers=headers)

    assert order().status_code == 403
    assert not Order.objects.exists()
    assert order(**{"X-Forwarded-Proto": "https"}).status_code == 201


def test_it_is_told_in_the_callers_language(client):
    answer = client.get("/api/v1/events/", headers={"Accept-Language": "vi"})

    assert "https://" in answer.json()["detail"]
    assert answer.json()["title"] == "Địa chỉ này chỉ nhận kết nối HTTPS."


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/admin/", "/api/docs/", "/orders/"])
def test_people_are_led_on(client, path):
    answer = client.get(path)

    assert (answer.status_code, answer.url) == (301, f"https://testserver{path}")


def test_vnpays_call_is_answered_all_the_same(client):
    """Its signature shows what it is worth, and its address may have been registered long ago."""
    assert client.get("/payments/vnpay/ipn/").json()["RspCode"] == "99"


def test_where_there_is_no_tls_programs_are_answered(settings):
    settings.SECURE_SSL_REDIRECT = False

    assert Client().get("/api/v1/events/").status_code == 200
