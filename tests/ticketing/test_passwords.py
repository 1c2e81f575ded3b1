"""Passwords made of our own words are refused, wherever one is chosen."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from tests.factories import able_to_log_in
from ticketing.passwords import OurWordsValidator

OURS = OurWordsValidator(words=["ticket", "vnpay"], hosts=["www.saigon-stage.example.com"])
OLD = "a-long-and-quiet-night"


@pytest.mark.parametrize(
    "password",
    [
        "tickets2026",
        "VNPay-1234",
        "Saigon-Stage-26",
        "ticketvnpay1",
        "example2026!",
    ],
)
def test_what_is_little_more_than_our_words_is_refused(password):
    with pytest.raises(ValidationError):
        OURS.validate(password)


@pytest.mark.parametrize(
    "password", ["my-brother-lost-the-ticket", "vnpay takes tuesdays off", OLD, "www.com.a1b2c3"]
)
def test_a_word_of_ours_is_no_harm_in_a_long_password(password):
    OURS.validate(password)


@pytest.mark.parametrize("password", ["demo-tickets-2026", "VNPAY-vnpay-1"])
def test_nobody_signs_up_with_one(client, password):
    fields = {"email": "lan@example.org", "password1": password}

    answer = client.post("/accounts/signup/", fields)

    assert "here first" in answer.content.decode()
    assert not User.objects.exists()


def test_programs_are_refused_with_the_same_words(client):
    fields = {"email": "lan@example.org", "password": "demo-tickets-2026"}

    answer = client.post("/_allauth/app/v1/auth/signup", fields, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "password_of_our_words"


def test_nobody_changes_to_one(client, customer):
    able_to_log_in(customer, OLD)
    client.force_login(customer)
    new = "tickets-2026"

    client.post(
        "/accounts/password/change/", {"oldpassword": OLD, "password1": new, "password2": new}
    )

    customer.refresh_from_db()
    assert customer.check_password(OLD)
