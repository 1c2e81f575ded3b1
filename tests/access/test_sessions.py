"""Sessions: new at log-in, over at log-out and with a new password; and nobody is led elsewhere."""

from __future__ import annotations

import time

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from tests.factories import able_to_log_in
from tests.tokens import token_of
from ticketing.models import Session

CLOCK = time.time
PASSWORD = "a-long-and-quiet-night"
NEW_KEY = "a-key-that-nobody-knows-and-nothing-was-signed-with"
NEW_PASSWORD = "a-short-and-noisy-day"
ELSEWHERE = ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]


@pytest.fixture
def member(customer):
    return able_to_log_in(customer, PASSWORD)


def log_in(client, member, **fields):
    return client.post("/accounts/login/", {"login": member.email, "password": PASSWORD, **fields})


def is_logged_in(client):
    return client.get("/orders/").status_code == 200


def test_a_session_that_somebody_planted_is_not_the_one_after_logging_in(client, member):
    planted = client.session
    planted["seen"] = "before"
    planted.save()
    client.cookies["sessionid"] = planted.session_key
    attacker = Client()
    attacker.cookies["sessionid"] = planted.session_key

    log_in(client, member)

    assert client.cookies["sessionid"].value != planted.session_key
    assert is_logged_in(client)
    assert not is_logged_in(attacker)


def test_the_form_token_is_another_one_after_logging_in(member):
    browser = Client(enforce_csrf_checks=True)
    browser.get("/accounts/login/")
    before = browser.cookies["csrftoken"].value

    log_in(browser, member, csrfmiddlewaretoken=before)

    assert is_logged_in(browser)
    assert browser.cookies["csrftoken"].value != before


def test_a_session_is_gone_after_logging_out(client, member):
    log_in(client, member)
    stolen = Client()
    stolen.cookies["sessionid"] = client.cookies["sessionid"].value
    assert is_logged_in(stolen)

    client.post("/accounts/logout/")

    assert not is_logged_in(stolen)
    assert not Session.objects.exists()


def test_a_token_of_the_api_opens_no_page(customer):
    program = Client(headers={"Authorization": f"Bearer {token_of(customer)}"})

    assert program.get("/api/v1/orders/").status_code == 200
    assert not is_logged_in(program)


def test_a_new_password_ends_the_sessions_elsewhere(client, member):
    thief = Client()
    log_in(client, member)
    log_in(thief, member)

    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)
    assert not is_logged_in(thief)


def test_a_session_outlives_a_change_of_the_key_while_the_old_one_is_named(
    client, member, settings
):
    log_in(client, member)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW_KEY, [settings.SECRET_KEY]
    assert is_logged_in(client)
    settings.SECRET_KEY_FALLBACKS = []
    assert is_logged_in(client)  # it was signed anew


def test_a_new_key_alone_ends_every_session_and_token(client, member, settings):
    log_in(client, member)
    program = Client(headers={"Authorization": f"Bearer {token_of(member)}"})

    settings.SECRET_KEY = NEW_KEY

    assert not is_logged_in(client)
    assert program.get("/api/v1/orders/").status_code == 401


def test_a_stolen_session_takes_no_account_over(client, member, monkeypatch):
    log_in(client, member)
    monkeypatch.setattr("time.time", lambda: CLOCK() + 600)

    asked = client.post("/accounts/email/", {"action_add": "", "email": "thief@example.org"})

    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not EmailAddress.objects.filter(email="thief@example.org").exists()


@pytest.mark.parametrize("goal", ELSEWHERE)
def test_no_form_leads_to_another_site(client, member, goal):
    spoken = client.post("/language/setlang/", {"language": "vi", "next": goal})
    assert spoken.headers["Location"] == "/"

    logged_in = log_in(client, member, next=goal)
    assert logged_in.headers["Location"] == "/"
    again = client.get("/accounts/login/", {"next": goal})
    assert again.headers["Location"] == "/"

    logged_out = client.post("/accounts/logout/", {"next": goal})
    assert logged_out.headers["Location"] == "/"


@pytest.mark.parametrize("goal", ELSEWHERE)
def test_the_way_into_the_back_office_leads_to_no_other_site(client, admin_user, goal):
    asked = client.get("/admin/login/", {"next": goal})
    assert "evil" not in asked.headers["Location"].split("?")[0]

    client.force_login(admin_user)
    entered = client.get("/admin/login/", {"next": goal})

    assert entered.headers["Location"] == "/admin/"


def test_a_host_that_is_not_ours_is_in_no_mail(client, member, mailoutbox):
    """Else a forged Host header would put its own link into the mail of a new password."""
    refused = client.post(
        "/accounts/password/reset/", {"email": member.email}, headers={"Host": "evil.example"}
    )

    assert refused.status_code == 400
    assert mailoutbox == []
