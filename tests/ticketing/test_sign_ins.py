"""The log tells who came in and who did not, and never what was typed."""

from __future__ import annotations

import logging

import pytest

from tests.factories import able_to_log_in

PASSWORD, NEW_PASSWORD = "a-long-and-quiet-night", "a-short-and-noisy-day"


@pytest.fixture
def member(customer):
    return able_to_log_in(customer, PASSWORD)


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, logger="ticketing.sign_ins")
    return lambda: [
        record.getMessage() for record in caplog.records if record.name == "ticketing.sign_ins"
    ]


def test_coming_and_going_and_a_new_password_are_told(client, member, told):
    client.post("/accounts/login/", {"login": member.email, "password": PASSWORD})
    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    client.post("/accounts/logout/")

    who = f"user {member.pk} from 127.0.0.1"
    assert told() == [f"logged in: {who}", f"password changed: {who}", f"logged out: {who}"]


@pytest.mark.parametrize("address", ["/accounts/login/", "/_allauth/app/v1/auth/login"])
def test_a_guess_is_told_without_what_was_typed(client, member, told, address):
    typed = {"email": member.email, "login": member.email, "password": "my-other-password"}
    as_json = {"content_type": "application/json"} if "_allauth" in address else {}

    client.post(address, typed, **as_json)

    assert told() == ["log-in failed: user None from 127.0.0.1"]
