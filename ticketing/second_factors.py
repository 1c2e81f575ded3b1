"""Secrets of second factors, sealed: the database alone tells nobody which codes are right.

What seals them is made from `SECRET_KEY`. A key in `SECRET_KEY_FALLBACKS` still opens what it has
sealed, until `reseal_secrets` has run.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

SECRETS = ("secret", "seed")  # of an authenticator app, of recovery codes
# How Fernet's tokens begin, and neither base 32 nor hexadecimal digits do.
SEALED = "gAAAA"


class SealedFactors(DefaultMFAAdapter):
    """What allauth asks before it keeps a secret, and after it has read one."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)


def seal(text: str) -> str:
    """The text as it may be kept."""
    return _keys().encrypt(text.encode()).decode()


def unseal(kept: str) -> str:
    """The text itself; also of what was kept before there were seals.

    Raises ImproperlyConfigured when its key is gone.
    """
    if not kept.startswith(SEALED):
        return kept
    try:
        return _keys().decrypt(kept).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "A second factor is sealed with a key that is not known any more. Add the earlier "
            "SECRET_KEY to SECRET_KEY_FALLBACKS (see docs/security.md)."
        ) from None


def with_secrets(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """What a factor keeps, with its secrets changed."""
    return {name: change(kept) if name in SECRETS else kept for name, kept in data.items()}


def reseal_secrets() -> tuple[int, list[Authenticator]]:
    """Seal every secret with the key of today; how many, and those whose key is gone.

    Locks one factor at a time; may be repeated.
    """
    # Their keys alone: each is read under its own lock, as its owner may be changing it.
    factors = Authenticator.objects.order_by("pk").values_list("pk", flat=True)
    sealed, shut = 0, []
    for pk in factors.iterator():
        try:
            sealed += _reseal(pk)
        except ImproperlyConfigured:
            shut.append(Authenticator.objects.select_related("user").get(pk=pk))
    return sealed, shut


@transaction.atomic
def _reseal(pk: int) -> int:
    factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if factor is None:
        return 0
    factor.data = with_secrets(factor.data, lambda kept: seal(unseal(kept)))
    factor.save(update_fields=["data"])
    return 1


def _keys() -> MultiFernet:
    """The first one seals, all of them open."""
    return MultiFernet([_key(of) for of in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> Fernet:
    """A key for this purpose alone, from which nobody gets back to the secret."""
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"second factors")
    return Fernet(base64.urlsafe_b64encode(made.derive(secret.encode())))
