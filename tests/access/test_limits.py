"""What is too large is not read, and whoever guesses waits."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from tests.tokens import token_of

AUTH = "/_allauth/app/v1/auth/"


@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/accounts/signup/", "/language/setlang/", "/internal/jobs/",
                "/api/v1/orders/", "/_allauth/app/v1/auth/login"]
)  # fmt: skip
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("zeros", ["", "0" * 16])
def test_an_enormous_body_is_refused_before_it_is_read(client, address, kind, zeros):
    class Unread:
        """A body that nobody may touch."""

        def read(self, *size):
            raise AssertionError("It was read.")

        readline = read

    answer = client.generic(
        "POST", address, content_type=kind,
        **{"CONTENT_LENGTH": f"{zeros}{settings.LARGEST_BODY + 1}", "wsgi.input": Unread()},
    )  # fmt: skip

    assert answer.status_code == 413
    if address.startswith(("/api/", "/_allauth/")):
        assert answer.json()["code"] == "too-large"
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("fields", "status"),
    [(366 * 7, 200), (4_000, 400)],  # a showing for each day of a year; more than any page sends
)
def test_a_form_may_have_as_many_fields_as_a_large_event_and_no_more(client, fields, status):
    answer = client.post("/accounts/login/", {f"field{number}": 1 for number in range(fields)})

    assert answer.status_code == status


def test_whoever_guesses_a_customers_password_by_the_api_waits_and_so_does_the_owner(
    client, customer
):
    customer.set_password("a-long-and-quiet-night")
    customer.save()

    def log_in(password):
        body = {"email": customer.email, "password": password}
        return client.post(AUTH + "login", body, content_type="application/json")

    guesses = [log_in("guessed").status_code for _ in range(5)]
    right = log_in("a-long-and-quiet-night")

    assert guesses == [400] * 5
    assert right.status_code == 400
    assert "too_many_login_attempts" in str(right.json())


def test_whoever_asks_for_passwords_of_others_again_and_again_waits(client, customer, mailoutbox):
    asked = [
        client.post(
            AUTH + "password/request", {"email": customer.email}, content_type="application/json"
        ).status_code
        for _ in range(8)
    ]

    assert 429 in asked
    assert len(mailoutbox) < 8


def test_a_stolen_token_is_no_way_around_the_limit_of_its_owner(customer):
    clients = [Client(headers={"Authorization": f"Bearer {token_of(customer)}"}) for _ in range(2)]

    answers = [
        clients[number % 2].post("/api/v1/orders/", {}, content_type="application/json").status_code
        for number in range(121)
    ]

    assert answers[:120] == [400] * 120
    assert answers[120] == 429
