"""Logging in to the back office as a browser does, with password and code."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.urls import reverse

from tests.factories import CustomerFactory

PASSWORD = "a-long-and-quiet-night"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ORDERS = reverse("admin:orders_order_changelist")
LOG_IN = reverse("account_login")
SECOND_STEP = reverse("mfa_authenticate")


def new_person(email, *, is_staff=True, **fields):
    user = CustomerFactory(username=email, email=email, is_staff=is_staff, **fields)
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def code(secret=SECRET):
    """What the telephone shows now. Codes are for one use, so what was used is forgotten."""
    cache.clear()
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def log_in(client, email="boss@example.org", password=PASSWORD, goal=ORDERS):
    return client.post(f"{LOG_IN}?next={goal}", {"login": email, "password": password})


def go_in(client, **who):
    """Both steps; the answer to the second."""
    log_in(client, **who)
    return client.post(SECOND_STEP, {"code": code()})


def led_to(answer):
    """The page that an answer leads to, and where that one is to lead."""
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    return target.path, parse_qs(target.query).get("next", [None])[0]


def is_in(client):
    return client.get(ORDERS).status_code == 200
