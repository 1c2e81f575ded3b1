"""Guessing at the log-in of staff: whoever guesses waits, and learns nothing meanwhile."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from tests.back_office.logging_in import SECOND_STEP, SECRET, is_in, log_in, new_person


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    settings.STAFF_MFA_REQUIRED = True


@pytest.fixture
def boss():
    return new_person("boss@example.org", is_superuser=True)


def test_whoever_guesses_passwords_of_an_account_waits_and_so_does_its_owner(boss):
    for _ in range(5):
        refused = log_in(Client(REMOTE_ADDR="203.0.113.7"), password="guessed")
        assert refused.status_code == 200

    owner = Client(REMOTE_ADDR="198.51.100.9")
    answer = log_in(owner)

    assert "Too many failed login attempts" in answer.content.decode()
    assert "_auth_user_id" not in owner.session


def test_whoever_tries_many_accounts_from_one_address_waits(boss):
    for number in range(60):
        log_in(Client(REMOTE_ADDR="203.0.113.7"), email=f"person{number}@example.org")

    same, other = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="198.51.100.9")

    assert "Too many failed login attempts" in log_in(same).content.decode()
    assert log_in(other).status_code == 302


def test_whoever_guesses_codes_waits(boss):
    TOTP.activate(boss, SECRET)
    client = Client()
    log_in(client)
    for _ in range(5):
        client.post(SECOND_STEP, {"code": "000000"})

    right = format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))
    answer = client.post(SECOND_STEP, {"code": right})

    assert "Too many failed login attempts" in answer.content.decode()
    assert not is_in(client)


def test_a_wrong_password_and_an_unknown_address_are_told_in_the_same_words(boss):
    def told(email):
        page = log_in(Client(), email=email, password="guessed").content.decode()
        return re.sub(r'csrf\w+" value="\w+"|' + re.escape(email), "", page)

    assert told("boss@example.org") == told("nobody@example.org")
