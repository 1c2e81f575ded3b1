"""What is written to an account leaves alone what others have changed of it meanwhile."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group, User
from django.db.models.signals import pre_save
from django.urls import reverse

from tests.back_office.workbench import text_of
from tests.factories import CustomerFactory, able_to_log_in, from_now

OLD, NEW, OTHERS = "an-old-quiet-night", "a-new-quiet-night", "pbkdf2_sha256$1$by$others"
CHANGED_SINCE = "This has changed since you opened the page."


def support_group():
    """Other tests take it away."""
    return Group.objects.get_or_create(name="support")[0]


@pytest.fixture
def account():
    return able_to_log_in(CustomerFactory(), OLD)


def page_of(account, name="change"):
    return reverse(f"admin:auth_user_{name}", args=[account.pk])


def shown(browser, account):
    """What a browser sends when nothing is touched."""
    context = browser.get(page_of(account)).context
    form = context["adminform"].form
    sent = {name: form[name].value() for name in form.fields if not form.fields[name].disabled}
    ticked = {name: value for name, value in sent.items() if value not in (None, False)}
    return ticked | {"seen": context["seen"]}


def as_stored(account):
    return User.objects.filter(pk=account.pk).values().get()


@contextmanager
def meanwhile(account, **changes):
    """Another process changes the row after the request has read it and before it writes it."""

    def change(sender, instance, **options):
        User.objects.filter(pk=account.pk).update(**changes)

    pre_save.connect(change, sender=User)
    try:
        yield
    finally:
        pre_save.disconnect(change, sender=User)


def test_what_others_write_while_it_is_saved_stays(boss, account):
    sent = shown(boss, account) | {"first_name": "Lan"}

    with meanwhile(account, password=OTHERS, is_active=False, last_login=from_now()):
        assert boss.post(page_of(account), sent).status_code == 302

    kept = User.objects.get(pk=account.pk)
    assert (kept.first_name, kept.password, kept.is_active) == ("Lan", OTHERS, False)
    assert kept.last_login is not None


def test_what_is_changed_on_the_page_is_written(boss, account):
    group = support_group()
    sent = shown(boss, account) | {"email": "lan@example.org", "groups": [group.pk]}
    del sent["is_active"]

    assert boss.post(page_of(account), sent).status_code == 302

    kept = User.objects.get(pk=account.pk)
    assert (kept.email, kept.is_active, list(kept.groups.all())) == (
        "lan@example.org",
        False,
        [group],
    )


@pytest.mark.parametrize("change", ["is_active", "groups"])
def test_a_page_that_was_opened_before_another_changed_the_account_is_refused_once(
    boss, second_boss, account, change
):
    opened = shown(boss, account)
    other = shown(second_boss, account)
    other |= {"groups": [support_group().pk]} if change == "groups" else {}
    if change == "is_active":
        del other["is_active"]
    assert second_boss.post(page_of(account), other).status_code == 302
    stored = as_stored(account)

    refused = boss.post(page_of(account), opened | {"first_name": "Lan"})

    assert refused.status_code == 200
    assert CHANGED_SINCE in text_of(refused)
    assert as_stored(account) == stored

    again = opened | {"first_name": "Lan", "seen": refused.context["seen"]}
    assert boss.post(page_of(account), again).status_code == 302
    assert User.objects.get(pk=account.pk).first_name == "Lan"


def test_a_log_in_or_another_password_in_between_is_nothing_to_be_told_of(boss, account):
    opened = shown(boss, account)
    User.objects.filter(pk=account.pk).update(password=OTHERS, last_login=from_now())
    stored = as_stored(account)

    assert boss.post(page_of(account), opened | {"first_name": "Lan"}).status_code == 302

    assert as_stored(account) == stored | {"first_name": "Lan"}


def test_a_new_password_by_an_admin_opens_no_account_again(boss, account):
    sent = {"password1": NEW, "password2": NEW, "usable_password": "true"}

    with meanwhile(account, is_active=False):
        assert boss.post(page_of(account, "password_change"), sent).status_code == 302

    kept = User.objects.get(pk=account.pk)
    assert (kept.check_password(NEW), kept.is_active) == (True, False)


def test_a_new_password_of_ones_own_opens_no_account_again(client, account):
    client.force_login(account)
    sent = {"oldpassword": OLD, "password1": NEW, "password2": NEW}

    with meanwhile(account, is_active=False):
        client.post(reverse("account_change_password"), sent)

    kept = User.objects.get(pk=account.pk)
    assert (kept.check_password(NEW), kept.is_active) == (True, False)
