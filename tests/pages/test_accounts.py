"""Signing up, logging in and out on pages, with a session."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User

from tests.factories import able_to_log_in

PASSWORD = "a-long-and-quiet-night"
NEW_PASSWORD = "a-short-and-noisy-day"


def code_in(mail):
    return re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]*)$", mail.body, re.MULTILINE)[1]


def is_logged_in(client):
    return "_auth_user_id" in client.session


@pytest.fixture
def member(customer):
    """Somebody with a verified address and a password."""
    return able_to_log_in(customer, PASSWORD)


def log_in(client, member, password=PASSWORD, **fields):
    return client.post("/accounts/login/", {"login": member.email, "password": password, **fields})


def test_whoever_signs_up_enters_the_code_and_comes_back_to_the_page(client, mailoutbox):
    fields = {"email": "lan@example.org", "password1": PASSWORD, "next": "/events/x/"}
    signed_up = client.post("/accounts/signup/", fields)
    assert signed_up.status_code == 302
    assert not is_logged_in(client)
    page = client.get(signed_up.headers["Location"]).content.decode()
    assert "We have sent a code to lan@example.org." in page

    entered = client.post(signed_up.headers["Location"], {"code": code_in(mailoutbox[0])})

    assert entered.headers["Location"] == "/events/x/"
    assert is_logged_in(client)
    assert EmailAddress.objects.get(email="lan@example.org").verified


def test_a_wrong_code_verifies_nothing(client):
    signed_up = client.post(
        "/accounts/signup/", {"email": "lan@example.org", "password1": PASSWORD}
    )

    answer = client.post(signed_up.headers["Location"], {"code": "WRONG1"})

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not EmailAddress.objects.get().verified
    assert not is_logged_in(client)


def test_signing_up_does_not_tell_whether_the_address_is_known(client, member):
    addresses = [
        client.post("/accounts/signup/", {"email": email, "password1": PASSWORD}).headers[
            "Location"
        ]
        for email in (member.email, "new@example.org")
    ]

    assert addresses[0] == addresses[1]
    assert User.objects.filter(email=member.email).count() == 1


def test_a_member_logs_in_and_out_again_by_sending_a_form(client, member):
    assert log_in(client, member).headers["Location"] == "/"
    assert is_logged_in(client)
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")

    asked = client.get("/accounts/logout/")
    assert asked.status_code == 200
    assert is_logged_in(client)
    client.post("/accounts/logout/")

    assert not is_logged_in(client)


def test_a_wrong_password_logs_nobody_in(client, member):
    answer = log_in(client, member, password="guessed")

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not is_logged_in(client)


def test_guessing_passwords_is_stopped(client, member):
    for _ in range(5):
        log_in(client, member, password="guessed")

    log_in(client, member)

    assert not is_logged_in(client)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"]
)
def test_logging_in_leads_to_no_other_site(client, member, elsewhere):
    answer = log_in(client, member, next=elsewhere)

    assert answer.headers["Location"] == "/"
    assert is_logged_in(client)


def test_a_forgotten_password_is_set_anew_with_a_code(client, member, mailoutbox):
    asked = client.post("/accounts/password/reset/", {"email": member.email})
    entered = client.post(asked.headers["Location"], {"code": code_in(mailoutbox[0])})
    form = client.get(entered.headers["Location"])
    assert form.status_code == 200

    done = client.post(
        entered.headers["Location"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    )

    assert done.status_code == 302
    client.post("/accounts/logout/")
    log_in(client, member, password=NEW_PASSWORD)
    assert is_logged_in(client)


def test_a_wrong_reset_code_changes_nothing(client, member, mailoutbox):
    asked = client.post("/accounts/password/reset/", {"email": member.email})

    client.post(asked.headers["Location"], {"code": "WRONG1"})

    assert client.get("/accounts/password/reset/complete/").status_code == 302
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


@pytest.mark.parametrize(
    "path",
    ["login", "signup", "logout", "password/reset", "password/change", "email", "reauthenticate"],
)
def test_each_page_about_accounts_has_our_frame(client, member, path):
    if path in ("logout", "password/change", "email", "reauthenticate"):
        log_in(client, member)

    page = client.get(f"/accounts/{path}/")

    assert page.status_code == 200
    assert "pages/style.css" in page.content.decode()
    assert "<h1" in page.content.decode()


def test_a_mail_about_an_account_leads_to_our_page(client, member, mailoutbox):
    client.post("/accounts/signup/", {"email": member.email, "password1": PASSWORD})

    assert "/accounts/password/reset/" in mailoutbox[0].body


def test_with_another_front_end_mails_lead_there(client, member, mailoutbox, settings):
    settings.HEADLESS_FRONTEND_URLS = {"account_reset_password": "https://shop.example/reset"}

    client.post("/accounts/signup/", {"email": member.email, "password1": PASSWORD})

    assert "https://shop.example/reset" in mailoutbox[0].body
