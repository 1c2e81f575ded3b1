"""Passwords that were stolen elsewhere. Loaded only where `BREACHED_PASSWORDS_URL` is set."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from pwned_passwords_django.api import PwnedPasswords
from pwned_passwords_django.validators import PwnedPasswordsValidator


class BreachedPasswordValidator(PwnedPasswordsValidator):
    """Refuses what the service at `url` has seen among stolen passwords (ASVS 6.2.12).

    `url` is the one of https://haveibeenpwned.com or of a copy of it; the first five digits of the
    password's SHA-1 are appended, and nothing else leaves. Where no answer comes within a second,
    Django's list of common passwords decides, and the log has an error.
    """

    def __init__(self, url: str) -> None:
        service = PwnedPasswords()
        service.api_endpoint = url
        super().__init__(
            error_message=_(
                "This password was stolen at another site, so whoever guesses knows it. Choose one "
                "that you use nowhere else."
            ),
            help_message=_("Your password can’t be one that was stolen at another site."),
            api_client=service,
        )
