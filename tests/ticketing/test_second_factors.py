"""Secrets of second factors are sealed in the database, and outlive a change of the key."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from tests.back_office.logging_in import SECRET, code
from ticketing.second_factors import unseal

OLD, NEW = "the-key-of-last-year", "the-key-of-this-year"


@pytest.fixture
def totp(customer, settings):
    settings.SECRET_KEY = OLD
    return TOTP.activate(customer, SECRET).instance


def kept():
    """All that the database knows of second factors, as text."""
    return str(list(Authenticator.objects.values_list("data", flat=True)))


def is_right(factor):
    return TOTP(Authenticator.objects.get(pk=factor.pk)).validate_code(code())


def test_the_database_holds_no_secret_as_it_is(customer, totp):
    recovery = RecoveryCodes.activate(customer)
    seed = unseal(recovery.instance.data["seed"])

    assert SECRET not in kept()
    assert len(seed) == 80
    assert seed not in kept()
    assert is_right(totp)
    assert recovery.validate_code(recovery.get_unused_codes()[0])


def test_two_factors_with_the_same_secret_look_different(customer, totp, django_user_model):
    TOTP.activate(django_user_model.objects.create(username="other"), SECRET)

    first, second = Authenticator.objects.all()
    assert first.data["secret"] != second.data["secret"]


def test_a_code_is_right_while_the_key_is_being_changed(totp, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]

    assert is_right(totp)


def test_the_old_key_may_go_when_the_secrets_are_sealed_anew(totp, settings, capsys):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    call_command("reseal_secrets")
    settings.SECRET_KEY_FALLBACKS = []

    assert capsys.readouterr().out == "Sealed 1 second factors.\n"
    assert is_right(totp)


def test_a_secret_whose_key_is_gone_is_named_and_keeps_no_other_from_being_sealed(
    customer, totp, settings, django_user_model, capsys
):
    settings.SECRET_KEY = "a-key-between-the-two"
    other = django_user_model.objects.create(username="other", email="other@example.org")
    later = TOTP.activate(other, SECRET).instance
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, ["a-key-between-the-two"]
    before = Authenticator.objects.get(pk=totp.pk).data

    with pytest.raises(CommandError, match="1 are sealed with a key that is not known"):
        call_command("reseal_secrets")

    told = capsys.readouterr()
    assert told.out == "Sealed 1 second factors.\n"
    assert customer.email in told.err
    assert other.email not in told.err
    assert Authenticator.objects.get(pk=totp.pk).data == before
    settings.SECRET_KEY_FALLBACKS = []
    assert is_right(later)


def test_without_its_key_a_secret_stays_shut_and_the_log_says_what_to_do(totp, settings):
    settings.SECRET_KEY = NEW

    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FALLBACKS"):
        is_right(totp)


def test_secrets_of_before_are_good_as_they_are_and_are_sealed_by_the_command(totp):
    Authenticator.objects.update(data={"secret": SECRET})
    assert is_right(totp)

    call_command("reseal_secrets")

    assert SECRET not in kept()
    assert is_right(totp)
