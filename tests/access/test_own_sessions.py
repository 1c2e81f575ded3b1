"""Everybody sees where the own account is open, and ends what should not be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from jobs import outbox
from tests.factories import able_to_log_in
from tests.pages.my_pages import text_of
from ticketing.models import Session
from ticketing.models.sessions import LOG_IN, SessionStore
from ticketing.pages import middleware
from ticketing.pages.sessions import Listed
from ticketing.services import end_own_sessions

DAY = timedelta(days=1)
PAGE = "/accounts/sessions/"
PASSWORD = "a-long-and-quiet-night"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0"


@pytest.fixture
def member(customer):
    return able_to_log_in(customer, PASSWORD)


def logged_in(member, browser):
    client = Client(headers={"User-Agent": browser})
    client.post("/accounts/login/", {"login": member.email, "password": PASSWORD})
    return client


@pytest.fixture
def desk(member):
    return logged_in(member, DESK)


@pytest.fixture
def phone(member):
    return logged_in(member, PHONE)


def is_in(client):
    return client.get("/orders/").status_code == 200


def name_of(client):
    """What the page of its owner calls the session of this browser."""
    return Listed(client.session.session_key, False, {}).name


def end(client, **chosen):
    """Have these sessions ended, with the password that is asked for."""
    asked = client.post(PAGE, chosen)
    return client.post(asked.headers["Location"], {"password": PASSWORD}, follow=True)


def test_the_page_tells_devices_apart_and_tells_no_key(desk, phone):
    have_begun(phone, ago=timezone.now() - datetime(2026, 11, 20, 18, 30, tzinfo=UTC), left=DAY)

    answer = desk.get(PAGE)

    shown = text_of(answer)
    assert shown.index("Edge, Windows this device") < shown.index("Safari, iPhone")
    assert "from 127.0.0.1" in shown
    assert "Since 21 Nov 2026, 01:30 (Asia/Ho_Chi_Minh)" in shown
    for client in (desk, phone):
        assert client.session.session_key not in answer.content.decode()


def test_a_device_is_logged_out_from_another_one(desk, phone):
    answer = end(desk, session=name_of(phone))

    assert "Logged out on one device." in answer.content.decode()
    assert is_in(desk)
    assert not is_in(phone)


def test_all_other_devices_are_logged_out_at_once(member, desk, phone):
    third = logged_in(member, "curl/8.0")

    end(desk, all="yes")

    assert [is_in(client) for client in (desk, phone, third)] == [True, False, False]


def test_a_programs_tokens_end_with_its_session(member, desk):
    as_json = {"content_type": "application/json"}
    typed = {"email": member.email, "password": PASSWORD}
    answer = Client().post("/_allauth/app/v1/auth/login", typed, **as_json)
    meta = answer.json()["meta"]
    program = Client(headers={"Authorization": f"Bearer {meta['access_token']}"})
    assert program.get("/api/v1/orders/").status_code == 200

    end(desk, all="yes")

    assert program.get("/api/v1/orders/").status_code == 401
    renewed = {"refresh_token": meta["refresh_token"]}
    assert Client().post("/_allauth/app/v1/tokens/refresh", renewed, **as_json).status_code == 400


def test_a_stolen_session_ends_no_other_without_the_password(desk, phone):
    asked = desk.post(PAGE, {"all": "yes"})

    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert is_in(phone)
    desk.post(asked.headers["Location"], {"password": PASSWORD})
    assert is_in(desk)
    assert not is_in(phone)


def test_nobody_ends_a_session_of_somebody_else(desk, client, django_user_model):
    other = django_user_model.objects.create(username="other")
    client.force_login(other)

    end(desk, session=name_of(client))
    desk.post(PAGE, {"all": "yes"})

    assert is_in(client)


def test_a_key_of_somebody_elses_session_ends_nothing(member, client, django_user_model):
    client.force_login(django_user_model.objects.create(username="other"))

    assert end_own_sessions(user=member, keys=[client.session.session_key]) == 0

    assert is_in(client)


def test_visitors_are_asked_to_log_in(client):
    assert client.get(PAGE).headers["Location"].startswith("/accounts/login/")


def left(client):
    """How long the session of this browser lasts if it is not used again, in hours."""
    row = Session.objects.get(pk=client.session.session_key)
    return round((row.expire_date - timezone.now()) / timedelta(hours=1))


def have_begun(client, ago, left):
    """As if its owner had logged in so long ago, and it were to end after so long."""
    store = SessionStore(client.session.session_key)
    store[LOG_IN] = {**store[LOG_IN], "at": int((timezone.now() - ago).timestamp())}
    store.save()
    Session.objects.filter(pk=store.session_key).update(expire_date=timezone.now() + left)


def test_a_session_that_nobody_uses_ends_after_three_days(desk):
    assert left(desk) == 3 * 24

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert not is_in(desk)


def test_a_session_that_is_used_lasts_and_so_does_its_cookie(desk):
    have_begun(desk, ago=timedelta(days=2), left=timedelta(days=1))

    cookie = desk.get("/orders/").cookies["sessionid"]

    assert left(desk) == 3 * 24
    assert cookie["max-age"] in (3 * 24 * 3600 - 1, 3 * 24 * 3600)


def test_a_page_that_makes_it_last_longer_keeps_what_another_one_wrote_meanwhile(desk, monkeypatch):
    have_begun(desk, ago=timedelta(days=2), left=timedelta(days=1))
    begin = middleware.PageMessageMiddleware.process_request

    def write_beside(this, request):
        assert request.user.is_authenticated  # it has read the session by then
        beside = SessionStore(desk.session.session_key)
        beside["from"] = "another tab"
        beside.save()
        return begin(this, request)

    monkeypatch.setattr(middleware.PageMessageMiddleware, "process_request", write_beside)
    assert "sessionid" in desk.get("/orders/").cookies

    assert desk.session["from"] == "another tab"


def test_using_it_is_not_written_down_at_each_request(desk):
    before = Session.objects.get().expire_date

    assert "sessionid" not in desk.get("/orders/").cookies

    assert Session.objects.get().expire_date == before


def test_however_used_a_session_ends_two_weeks_after_the_log_in(desk):
    almost = timedelta(seconds=settings.SESSION_SECONDS) - timedelta(hours=20)
    have_begun(desk, ago=almost, left=timedelta(hours=1))

    assert is_in(desk)

    assert left(desk) == 20


def test_sessions_that_are_over_are_deleted_day_by_day(desk, phone):
    Session.objects.filter(pk=phone.session.session_key).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )

    outbox.handler_of("ticketing.clear_up")()

    assert [row.pk for row in Session.objects.all()] == [desk.session.session_key]
