"""Where a service knows stolen passwords, nobody chooses one, and nobody learns what was chosen."""

from __future__ import annotations

import hashlib
import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.factories import CustomerFactory
from ticketing.breached_passwords import BreachedPasswordValidator

ROOT = Path(__file__).resolve().parents[2]
STOLEN, OWN = "Ha-Noi-mua-thu", "a-long-and-quiet-night"


@pytest.fixture
def service():
    command = [sys.executable, "-m", "tests.breach_service", STOLEN]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        process.port = process.stdout.readline().strip()
        yield process
        process.terminate()


@pytest.fixture
def ask_at(settings):
    """Whom to ask; nobody else is asked, so that whatever is refused is refused for this."""

    def ask(port):
        settings.AUTH_PASSWORD_VALIDATORS = [
            {
                "NAME": "ticketing.breached_passwords.BreachedPasswordValidator",
                "OPTIONS": {"url": f"http://127.0.0.1:{port}/range/"},
            }
        ]

    return ask


def sign_up(client, password):
    fields = {"email": "lan@example.org", "password": password}
    return client.post("/_allauth/app/v1/auth/signup", fields, content_type="application/json")


def test_a_stolen_password_is_refused_with_advice(client, service, ask_at):
    ask_at(service.port)

    answer = sign_up(client, STOLEN)

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["code"] == "password_compromised"
    assert "stolen at another site" in error["message"]
    assert not User.objects.exists()


def test_another_password_is_taken(client, service, ask_at):
    ask_at(service.port)

    sign_up(client, OWN)

    assert User.objects.get().check_password(OWN)


def test_five_digits_of_the_hash_leave_and_none_is_logged(client, service, ask_at, caplog):
    ask_at(service.port)
    digits = hashlib.sha1(OWN.encode(), usedforsecurity=False).hexdigest()[:5].upper()

    with caplog.at_level(logging.INFO):
        sign_up(client, OWN)

    assert service.stdout.readline() == f"/range/{digits}\n"
    assert digits not in caplog.text.upper()


def test_without_an_answer_the_common_ones_are_still_refused(client, ask_at, caplog):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ask_at(silent.getsockname()[1])

        refused = sign_up(client, "password123")
        assert not User.objects.exists()
        sign_up(client, OWN)

    assert refused.json()["errors"][0]["code"] == "password_too_common"
    assert User.objects.get().check_password(OWN)
    assert "timed out" in caplog.text


class Watched(BreachedPasswordValidator):
    """Notes for each time that the service is asked whether a transaction was open."""

    open_ones = []

    def validate(self, password, user=None):
        self.open_ones.append(connection.in_atomic_block)
        super().validate(password, user)


@pytest.fixture
def watched(service, ask_at, settings):
    ask_at(service.port)
    Watched.open_ones.clear()
    [validator] = settings.AUTH_PASSWORD_VALIDATORS
    settings.AUTH_PASSWORD_VALIDATORS = [validator | {"NAME": f"{__name__}.Watched"}]
    return Watched.open_ones


@pytest.fixture
def staff(transactional_db):
    browser = Client()
    browser.force_login(User.objects.create_superuser("boss", "boss@example.org"))
    return browser


def add(browser, first, second, usable="true", name="lan"):
    fields = {"username": name, "usable_password": usable}
    fields |= {"password1": first, "password2": second}
    return browser.post(reverse("admin:auth_user_add"), fields)


def test_staff_who_add_an_account_keep_no_transaction_waiting(staff, watched):
    refused = add(staff, STOLEN, STOLEN)
    assert "stolen at another site" in refused.content.decode()
    assert not User.objects.filter(username="lan").exists()

    assert add(staff, OWN, OWN).status_code == 302

    assert User.objects.get(username="lan").check_password(OWN)
    assert watched == [False, False]


def test_staff_who_give_another_password_keep_none_waiting_either(staff, watched):
    account = CustomerFactory()
    page = reverse("admin:auth_user_password_change", args=[account.pk])

    for word, status in ((STOLEN, 200), (OWN, 302)):
        sent = {"password1": word, "password2": word, "usable_password": "true"}
        assert staff.post(page, sent).status_code == status

    assert watched == [False, False]


@pytest.mark.parametrize(("first", "second"), [(OWN, STOLEN), (OWN, ""), ("", "")])
def test_two_words_make_no_account(staff, watched, first, second):
    assert add(staff, first, second).status_code == 200

    assert not User.objects.filter(username="lan").exists()
    assert not any(watched)


def test_an_account_without_a_password_is_asked_for_none(staff, watched):
    assert add(staff, "", "", usable="false").status_code == 302

    assert not User.objects.get(username="lan").has_usable_password()
    assert watched == []


def test_the_other_rules_for_passwords_hold_for_staff_too(staff, settings):
    similar = "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": similar}]

    refused = add(staff, "nguyenthilan", "nguyenthilan", name="nguyenthilan")

    assert "too similar to the username" in refused.content.decode()
    assert not User.objects.filter(username="nguyenthilan").exists()


def test_whoever_may_add_nobody_has_nothing_asked(watched, transactional_db):
    browser = Client()
    browser.force_login(CustomerFactory(is_staff=True))

    assert add(browser, OWN, OWN).status_code == 403

    assert watched == []
