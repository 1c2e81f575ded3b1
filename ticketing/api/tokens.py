"""What an access token says besides allauth's own claims, and until when it is good.

It ends after an hour by itself, and before that with its session (somebody logged out) or with a
new password. Both are seen in the one query that reads the caller.
"""

from __future__ import annotations

import hmac
from typing import Any

from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy
from allauth.headless.tokens.strategies.jwt.internal import decode_token, session_key_from_sid
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import Exists
from django.utils import timezone

CLAIM = "pwd"  # a mark of the password
MARK_LENGTH = 32


class AccessTokens(JWTTokenStrategy):  # type: ignore[misc]
    """allauth's, with a mark of the password that was used."""

    def get_claims(self, user: User) -> dict[str, Any]:
        return {CLAIM: _mark_of(user)}


def claims_in(token: str) -> dict[str, Any] | None:
    """The claims of an access token that we have signed and that has not run out."""
    claims: dict[str, Any] | None = decode_token(token, "access")
    return claims if claims and claims["sub"].isdecimal() else None


def caller_of(claims: dict[str, Any]) -> User | None:
    """The active user, while the session lasts and the password is still the same; one query."""
    session = Session.objects.filter(
        session_key=session_key_from_sid(claims["sid"]) or "", expire_date__gt=timezone.now()
    )
    active = User.objects.filter(Exists(session), is_active=True)
    user = active.filter(pk=int(claims["sub"]) % 2**31).first()
    if user is None or not hmac.compare_digest(
        _mark_of(user).encode(), str(claims.get(CLAIM, "")).encode()
    ):
        return None
    return user


def _mark_of(user: User) -> str:
    """A keyed hash, of which nobody gets back to the password's own."""
    return user.get_session_auth_hash()[:MARK_LENGTH]
