"""What allauth does with accounts here."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import User


class Accounts(DefaultAccountAdapter):
    """Writes a new password alone: by the whole row an account that was closed would be open."""

    def set_password(self, user: User, password: str) -> None:
        user.set_password(password)
        user.save(update_fields=["password"])
