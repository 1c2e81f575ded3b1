"""Platform admins end all sessions of an account, for its safety."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.factories import CustomerFactory
from tests.tokens import token_of
from ticketing.errors import NotAllowed
from ticketing.models import Session
from ticketing.services import log_out_everywhere

REASON = {"reason": "She says that her telephone was stolen."}


def page_of(user):
    return reverse("admin:auth_user_log_out_everywhere", args=[user.pk])


@pytest.fixture
def boss():
    return User.objects.create_superuser("boss", "boss@example.org")


@pytest.fixture
def admin(boss):
    client = Client()
    client.force_login(boss)
    return client


def test_all_sessions_and_tokens_of_the_account_end_and_no_others(admin, boss, customer):
    browser, program = Client(), Client(headers={"Authorization": f"Bearer {token_of(customer)}"})
    browser.force_login(customer)
    asked = admin.get(reverse("admin:auth_user_change", args=[customer.pk])).content.decode()
    assert page_of(customer) in asked

    answer = admin.post(page_of(customer), REASON, follow=True)

    assert "The account is logged out everywhere." in answer.content.decode()
    assert browser.get("/orders/").status_code == 302
    assert program.get("/api/v1/orders/").status_code == 401
    assert not Session.objects.filter(user=customer).exists()
    [entry] = LogEntry.objects.filter(object_id=str(customer.pk))
    assert (entry.user, entry.change_message) == (boss, REASON["reason"])
    log = admin.get(reverse("admin:admin_logentry_changelist")).content.decode()
    assert "logged out everywhere" in log


def test_without_a_reason_nobody_is_logged_out(admin, customer):
    token_of(customer)

    admin.post(page_of(customer), {"reason": ""})

    assert Session.objects.filter(user=customer).count() == 1


def test_only_admins_log_others_out(customer):
    token_of(customer)

    with pytest.raises(NotAllowed):
        log_out_everywhere(user_id=customer.pk, by=CustomerFactory(is_staff=True), **REASON)

    assert Session.objects.filter(user=customer).count() == 1
    assert not LogEntry.objects.exists()
