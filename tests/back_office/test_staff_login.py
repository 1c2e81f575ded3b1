"""How staff get into the back office where a second factor is required, as in production."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.back_office.logging_in import (
    LOG_IN,
    ORDERS,
    PASSWORD,
    SECOND_STEP,
    SECRET,
    code,
    go_in,
    is_in,
    led_to,
    log_in,
    new_person,
)
from ticketing.models import Session


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    settings.STAFF_MFA_REQUIRED = True


@pytest.fixture
def boss():
    return new_person("boss@example.org", is_superuser=True)


@pytest.fixture
def with_factor(boss):
    """The boss with a telephone that makes codes."""
    TOTP.activate(boss, SECRET)
    return boss


def test_a_visitor_is_led_to_the_log_in_of_all_accounts(client):
    answer = client.get(ORDERS)

    assert led_to(answer) == (reverse("admin:login"), ORDERS)
    assert led_to(client.get(answer.headers["Location"])) == (LOG_IN, ORDERS)


def test_staff_goes_in_with_password_and_code(client, with_factor):
    assert led_to(log_in(client))[0] == SECOND_STEP
    assert not is_in(client)

    answer = client.post(SECOND_STEP, {"code": code()})

    assert led_to(answer)[0] == ORDERS
    assert is_in(client)


def test_a_wrong_code_lets_nobody_in(client, with_factor):
    log_in(client)

    answer = client.post(SECOND_STEP, {"code": "000000"})

    assert "Incorrect code" in answer.content.decode()
    assert not is_in(client)


def test_a_code_is_good_once(with_factor):
    first, second = Client(), Client()
    for client in (first, second):
        log_in(client)
    shown = code()

    first.post(SECOND_STEP, {"code": shown})
    second.post(SECOND_STEP, {"code": shown})

    assert is_in(first)
    assert not is_in(second)


def test_a_recovery_code_stands_for_a_lost_telephone_once(with_factor):
    recovery = RecoveryCodes.activate(with_factor).get_unused_codes()[0]
    first, second = Client(), Client()
    for client in (first, second):
        log_in(client)
        client.post(SECOND_STEP, {"code": recovery})

    assert is_in(first)
    assert not is_in(second)


def test_staff_without_a_second_factor_sets_one_up_before_anything_else(client, boss):
    log_in(client)
    assert not is_in(client)
    entrance = client.get(ORDERS, follow=True)
    assert entrance.redirect_chain[-1][0].startswith(reverse("account_reauthenticate"))

    setting_up = client.post(entrance.redirect_chain[-1][0], {"password": PASSWORD}, follow=True)
    secret = re.search(r'value="([A-Z2-7]{32})"', setting_up.content.decode())[1]
    done = client.post(reverse("mfa_activate_totp"), {"code": code(secret)})

    assert led_to(done)[0] == reverse("mfa_view_recovery_codes")
    again = client.get(ORDERS, follow=True).redirect_chain[-1][0]
    assert again.startswith(reverse("mfa_reauthenticate"))
    assert led_to(client.post(again, {"code": code(secret)}))[0] == ORDERS
    assert is_in(client)


def test_a_factor_that_was_taken_away_counts_no_more(client, with_factor):
    go_in(client)
    assert is_in(client)

    Authenticator.objects.all().delete()

    assert not is_in(client)


def test_an_admin_who_resets_a_lost_factor_takes_the_recovery_codes_as_well(client, with_factor):
    go_in(client)
    lost = new_person("lost@example.org")
    factor = TOTP.activate(lost, SECRET).instance
    RecoveryCodes.activate(lost)

    client.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})

    assert not Authenticator.objects.filter(user=lost).exists()
    assert Authenticator.objects.filter(user=with_factor).exists()


def test_the_secret_of_a_factor_is_shown_to_nobody(client, with_factor):
    go_in(client)
    page = reverse("admin:mfa_authenticator_change", args=[Authenticator.objects.get().pk])

    shown = client.get(page)

    assert shown.status_code == 200
    assert SECRET not in shown.content.decode()


def test_a_session_without_a_log_in_of_ours_is_not_enough(client, with_factor):
    client.force_login(with_factor)

    assert not is_in(client)


def test_staff_logs_in_again_after_eight_hours(client, with_factor, monkeypatch):
    go_in(client)
    now = time.time()

    monkeypatch.setattr("time.time", lambda: now + 8 * 3600 - 60)
    assert is_in(client)
    monkeypatch.setattr("time.time", lambda: now + 8 * 3600 + 60)
    assert not is_in(client)
    assert led_to(client.get(reverse("admin:login")))[0] == LOG_IN
    assert "_auth_user_id" not in client.session  # the old session is over, not only too old


def test_a_code_alone_does_not_make_an_old_session_young(client, with_factor, monkeypatch):
    go_in(client)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 9 * 3600)

    client.post(reverse("mfa_reauthenticate"), {"code": code()})

    assert not is_in(client)


def test_the_session_gets_a_new_key_at_the_log_in(client, with_factor):
    log_in(client)
    before = client.session.session_key

    client.post(SECOND_STEP, {"code": code()})

    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_logging_out_ends_the_session_itself(client, with_factor):
    go_in(client)
    key = client.session.session_key

    client.post(reverse("admin:logout"))

    assert not Session.objects.filter(session_key=key).exists()
    assert not is_in(client)


def test_customers_are_refused_even_with_a_second_factor(client):
    customer = new_person("lan@example.org", is_staff=False)
    TOTP.activate(customer, SECRET)
    go_in(client, email="lan@example.org")

    assert client.get(ORDERS).status_code == 302
    assert client.get(reverse("admin:login")).status_code == 403


@pytest.mark.parametrize(
    "goal", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"]
)
def test_nobody_is_led_to_another_site(client, with_factor, goal):
    go_in(client)

    answer = client.get(reverse("admin:login"), {"next": goal})

    assert led_to(answer)[0] == reverse("admin:index")


def test_the_session_is_kept_from_scripts_and_from_forms_of_other_sites(client, with_factor):
    answer = go_in(client)

    cookie = answer.cookies[django_settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert Client(enforce_csrf_checks=True).post(LOG_IN).status_code == 403


def test_the_back_office_has_no_other_log_in_to_guess_at(client, boss):
    fields = {"username": boss.username, "password": PASSWORD}

    answer = client.post(reverse("admin:login"), fields)

    assert led_to(answer)[0] == LOG_IN
    assert "_auth_user_id" not in client.session


def test_the_back_office_has_no_other_page_on_which_old_passwords_are_guessed(client, with_factor):
    go_in(client)
    page = reverse("admin:password_change")
    fields = {
        "old_password": PASSWORD,
        "new_password1": "a-new-night",
        "new_password2": "a-new-night",
    }

    for answer in (client.get(page), client.post(page, fields)):
        assert led_to(answer)[0] == reverse("account_change_password")

    assert User.objects.get(pk=with_factor.pk).check_password(PASSWORD)


def test_an_account_that_is_closed_comes_in_no_more(client, with_factor):
    go_in(client)

    User.objects.update(is_active=False)

    assert not is_in(client)
