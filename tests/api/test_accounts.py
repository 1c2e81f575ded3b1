"""Signing up and logging in over HTTP, as a client of the API does."""

from __future__ import annotations

import re
from datetime import timedelta

import jwt
import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from tests.plans import read_whole
from tests.tokens import token_of
from ticketing.models import Session

AUTH = "/_allauth/app/v1/auth/"
PASSWORD = "a-long-and-quiet-night"


def sign_up(client, email="lan@example.org", password=PASSWORD):
    return client.post(AUTH + "signup", {"email": email, "password": password})


def verify(client, answer, code):
    return client.post(
        AUTH + "email/verify",
        {"key": code},
        headers={"X-Session-Token": answer.json()["meta"]["session_token"]},
    )


def code_in(mail):
    return re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]*)$", mail.body, re.MULTILINE)[1]


@pytest.fixture
def member(visitor, mailoutbox):
    """The answer to a finished sign-up, with its access token."""
    answer = sign_up(visitor)
    return verify(visitor, answer, code_in(mailoutbox[0])).json()


def bearer(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_no_sign_up_reads_all_accounts(visitor):
    with CaptureQueriesContext(connection) as captured:
        assert sign_up(visitor).status_code == 401

    assert User.objects.get().username == "lan"
    assert read_whole(captured.captured_queries, "auth_user") == []


def test_whoever_signs_up_verifies_the_address_and_may_order(member, mailoutbox):
    assert mailoutbox[0].to == ["lan@example.org"]
    assert member["meta"]["is_authenticated"]

    answer = bearer(member["meta"]["access_token"]).get("/api/v1/orders/")

    assert answer.status_code == 200
    assert answer.data["results"] == []


def test_before_the_address_is_verified_there_is_no_token(visitor):
    answer = sign_up(visitor)

    assert answer.status_code == 401
    assert "access_token" not in answer.json()["meta"]


def test_a_wrong_code_verifies_nothing(visitor):
    answer = verify(visitor, sign_up(visitor), "WRONG1")

    assert answer.status_code == 400
    assert not User.objects.get().emailaddress_set.filter(verified=True).exists()


def test_logging_in_again_gives_a_new_token(member, visitor):
    answer = visitor.post(AUTH + "login", {"email": "lan@example.org", "password": PASSWORD})

    assert answer.status_code == 200
    token = answer.json()["meta"]["access_token"]
    assert bearer(token).get("/api/v1/orders/").status_code == 200


def test_a_wrong_password_gives_no_token(member, visitor):
    answer = visitor.post(AUTH + "login", {"email": "lan@example.org", "password": "guessed"})

    assert answer.status_code == 400
    assert "access_token" not in str(answer.json())


def test_signing_up_does_not_tell_whether_the_address_is_known(visitor, customer):
    EmailAddress.objects.create(user=customer, email=customer.email, verified=True, primary=True)

    known, new = sign_up(visitor, customer.email), sign_up(visitor, "new@example.org")

    assert known.status_code == new.status_code == 401
    assert known.json()["data"] == new.json()["data"]
    assert User.objects.filter(email=customer.email).count() == 1


@pytest.mark.parametrize("password", ["", "short", "password", "12345678901"])
def test_a_weak_password_is_refused(visitor, password):
    answer = sign_up(visitor, password=password)

    assert answer.status_code == 400
    assert not User.objects.exists()


def claims_of(user, **changes):
    """What a token of ours says, but for the changes."""
    return {**jwt.decode(token_of(user), options={"verify_signature": False}), **changes}


def signed(claims, key=None, algorithm="HS256"):
    return jwt.encode(claims, key or django_settings.SECRET_KEY, algorithm=algorithm)


FORGERIES = {
    "nonsense": lambda user: "nonsense",
    "three empty parts": lambda user: "..",
    "another key": lambda user: signed(claims_of(user), key="k" * 40),
    "no signature": lambda user: jwt.encode(claims_of(user), None, algorithm="none"),
    "expired": lambda user: signed(claims_of(user, exp=timezone.now() - timedelta(seconds=1))),
    "a refresh token": lambda user: signed(claims_of(user, token_use="refresh")),
    "nobody": lambda user: signed(claims_of(user, sub="999999")),
    "not a number": lambda user: signed(claims_of(user, sub="admin")),
    "a huge number": lambda user: signed(claims_of(user, sub="9" * 40)),
    "another session": lambda user: signed(claims_of(user, sid="nowhere")),
    "another password": lambda user: signed(claims_of(user, pwd="0" * 32)),
    "no password": lambda user: signed(claims_of(user, pwd=None)),
    "no subject": lambda user: signed({k: v for k, v in claims_of(user).items() if k != "sub"}),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_token_that_was_not_given_by_us_opens_nothing(customer, forge):
    answer = bearer(forge(customer)).get("/api/v1/orders/")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not-authenticated"


def test_a_token_of_ours_opens_the_door(customer):
    assert bearer(signed(claims_of(customer))).get("/api/v1/orders/").status_code == 200


def test_what_a_token_opens_is_kept_by_no_cache(customer):
    answer = bearer(token_of(customer)).get("/api/v1/orders/")

    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_costs_one_query(customer, django_assert_num_queries):
    client = bearer(token_of(customer))

    with django_assert_num_queries(2):  # the caller, and no orders
        client.get("/api/v1/orders/")


def log_in(client, password=PASSWORD):
    return client.post(AUTH + "login", {"email": "lan@example.org", "password": password}).json()


def opens(token):
    return bearer(token).get("/api/v1/orders/").status_code == 200


def test_a_token_ends_when_its_owner_logs_out_and_no_other_does(member, visitor):
    here, there = log_in(visitor)["meta"], log_in(APIClient())["meta"]

    session = {"X-Session-Token": here["session_token"]}
    assert visitor.delete(AUTH + "session", headers=session).status_code == 401

    assert not opens(here["access_token"])
    assert opens(there["access_token"])
    refused = visitor.post(
        "/_allauth/app/v1/tokens/refresh", {"refresh_token": here["refresh_token"]}
    )
    assert refused.status_code == 400


def test_a_new_password_ends_every_token_but_the_one_that_comes_with_it(member, visitor):
    here, thief = log_in(visitor)["meta"], log_in(APIClient())["meta"]

    changed = visitor.post(
        "/_allauth/app/v1/account/password/change",
        {"current_password": PASSWORD, "new_password": "a-short-and-noisy-day"},
        headers={"X-Session-Token": here["session_token"]},
    )

    assert changed.status_code == 200
    assert not opens(thief["access_token"])
    assert not opens(here["access_token"])
    refused = visitor.post(
        "/_allauth/app/v1/tokens/refresh", {"refresh_token": thief["refresh_token"]}
    )
    assert refused.status_code == 400
    assert opens(log_in(APIClient(), "a-short-and-noisy-day")["meta"]["access_token"])


def test_a_refresh_token_is_good_once(member, visitor):
    refresh = {"refresh_token": log_in(visitor)["meta"]["refresh_token"]}
    address = "/_allauth/app/v1/tokens/refresh"

    first, second = visitor.post(address, refresh), visitor.post(address, refresh)

    assert opens(first.json()["data"]["access_token"])
    assert second.status_code == 400


@pytest.fixture
def idle(member, visitor):
    """What a log-in was answered that nobody has used for most of a day."""
    meta = log_in(visitor)["meta"]
    visitor.credentials(HTTP_X_SESSION_TOKEN=meta["session_token"])
    end = timezone.now() + timedelta(seconds=django_settings.SESSION_IDLE_SECONDS, hours=-20)
    Session.objects.filter(pk=meta["session_token"]).update(expire_date=end)
    return meta


def hours_left(meta):
    end = Session.objects.get(pk=meta["session_token"]).expire_date
    return round((end - timezone.now()) / timedelta(hours=1))


def test_it_is_good_once_also_when_its_session_is_lengthened_by_that(idle, visitor):
    def refresh(token):
        return visitor.post("/_allauth/app/v1/tokens/refresh", {"refresh_token": token})

    renewed = refresh(idle["refresh_token"])

    assert refresh(idle["refresh_token"]).status_code == 400
    assert refresh(renewed.json()["data"]["refresh_token"]).status_code == 200
    assert hours_left(idle) == 3 * 24


def test_a_call_that_only_uses_a_session_writes_nothing_over_in_it(idle, visitor):
    """Else a refresh beside it would be undone."""
    with CaptureQueriesContext(connection) as asked:
        assert visitor.get(AUTH + "session").status_code == 200

    [written] = [query["sql"] for query in asked if query["sql"].startswith("UPDATE")]
    assert "session_data" not in written
    assert hours_left(idle) == 3 * 24


@pytest.mark.parametrize("change", [{"is_active": False}, None], ids=["closed", "deleted"])
def test_a_token_of_a_closed_account_opens_nothing(customer, change):
    client = bearer(signed(claims_of(customer)))
    if change:
        User.objects.filter(pk=customer.pk).update(**change)
    else:
        customer.delete()

    assert client.get("/api/v1/orders/").status_code == 401


def test_other_ways_to_sign_in_do_not_exist_for_the_api(customer):
    client = APIClient()
    client.force_login(customer)  # a session cookie, as the admin uses it

    assert client.get("/api/v1/orders/").status_code == 401


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Your code to verify your address"),
        ("vi", "Mã xác minh địa chỉ email của bạn"),
    ],
)
def test_the_mail_with_the_code_comes_in_the_visitors_language(
    visitor, mailoutbox, language, subject
):
    visitor.credentials(HTTP_ACCEPT_LANGUAGE=language)
    answer = sign_up(visitor)

    [told] = mailoutbox
    assert told.subject == subject
    [(html, mimetype)] = told.alternatives
    assert mimetype == "text/html"
    assert f'<html lang="{language}">' in html
    assert code_in(told) in html
    assert verify(visitor, answer, code_in(told)).status_code == 200


@pytest.mark.parametrize("language", ["en", "vi"])
def test_other_mails_about_accounts_come_in_the_visitors_language(
    visitor, member, mailoutbox, language
):
    visitor.credentials(HTTP_ACCEPT_LANGUAGE=language)
    for email in ("lan@example.org", "nobody@example.org"):
        visitor.post(AUTH + "password/request", {"email": email})
    cache.clear()  # an address gets no second mail of this kind within three minutes
    sign_up(APIClient(HTTP_ACCEPT_LANGUAGE=language))

    subjects = [told.subject for told in mailoutbox[1:]]
    assert (
        subjects
        == {
            "en": [
                "Your code to set a new password",
                "There is no account with this address",
                "You have an account already",
            ],
            "vi": [
                "Mã đặt mật khẩu mới của bạn",
                "Không có tài khoản nào dùng địa chỉ này",
                "Bạn đã có tài khoản",
            ],
        }[language]
    )
