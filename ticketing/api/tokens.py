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
from django.utils import timezone

from jobs.prepared import Lookup

CLAIM = "pwd"  # a mark of the password
MARK_LENGTH = 32
CALLER = Lookup(
    "SELECT {caller} FROM auth_user caller WHERE id = %(id)s AND is_active AND EXISTS (SELECT "
    "FROM ticketing_session WHERE session_key = %(session)s AND expire_date > %(now)s)",
    caller=User,
)


class AccessTokens(JWTTokenStrategy):
    """allauth's, with a mark of the password that was used."""

    def get_claims(self, user: User) -> dict[str, Any]:
        return {CLAIM: _mark_of(user)}


def claims_in(token: str) -> dict[str, Any] | None:
    """The claims of an access token that we have signed and that has not run out."""
    claims: dict[str, Any] | None = decode_token(token, "access")
    return claims if claims and claims["sub"].isdecimal() else None


def caller_of(claims: dict[str, Any]) -> User | None:
    """The active user, while the session lasts and the password is still the same; one query."""
    found = CALLER.find(
        # PostgreSQL refuses what is larger than its integer. Of numbers that we signed none is.
        id=int(claims["sub"]) % 2**31,
        session=session_key_from_sid(claims["sid"]) or "",
        now=timezone.now(),
    )
    if found is None:
        return None
    mark: str = _mark_of(found[0])
    is_same = hmac.compare_digest(mark.encode(), str(claims.get(CLAIM, "")).encode())
    return found[0] if is_same else None


def _mark_of(user: User) -> str:
    """A keyed hash, of which nobody gets back to the password's own."""
    return user.get_session_auth_hash()[:MARK_LENGTH]
