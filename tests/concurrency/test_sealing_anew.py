"""Secrets are sealed anew while people use them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction

from tests.concurrency.conftest import closing, wait_until_somebody_waits
from ticketing.second_factors import reseal_secrets


def test_a_recovery_code_that_is_used_meanwhile_stays_used(customer):
    used = RecoveryCodes.activate(customer).get_unused_codes()[0]
    sealed_before = Authenticator.objects.get().data["seed"]

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            assert RecoveryCodes(Authenticator.objects.get()).validate_code(used)
            sealing = other.submit(closing(reseal_secrets))
            wait_until_somebody_waits()
        assert sealing.result() == (1, [])

    assert Authenticator.objects.get().data["seed"] != sealed_before
    assert not RecoveryCodes(Authenticator.objects.get()).validate_code(used)
