"""Secrets are sealed anew while people use them."""

from __future__ import annotations

from threading import Thread

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import connection, transaction

from jobs.prepared import fetch_all
from tests.sandbox_process import wait_until
from ticketing.second_factors import reseal_secrets


def does_somebody_wait():
    return bool(fetch_all("SELECT 1 FROM pg_locks WHERE NOT granted", {}))


def seal_anew():
    reseal_secrets()
    connection.close()


def test_a_recovery_code_that_is_used_meanwhile_stays_used(customer):
    used = RecoveryCodes.activate(customer).get_unused_codes()[0]
    sealing = Thread(target=seal_anew)

    with transaction.atomic():
        assert RecoveryCodes(Authenticator.objects.get()).validate_code(used)
        sealing.start()
        wait_until(does_somebody_wait, seconds=20, what="the sealing")
    sealing.join()

    assert not RecoveryCodes(Authenticator.objects.get()).validate_code(used)
