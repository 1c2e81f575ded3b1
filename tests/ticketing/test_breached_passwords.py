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
