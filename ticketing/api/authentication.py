"""Who calls: an access token of allauth, checked without a session and read with one query."""

from __future__ import annotations

from typing import Any

from allauth.headless.tokens.strategies.jwt.internal import decode_token
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from jobs.prepared import Lookup

ACTIVE_USER = Lookup(
    "SELECT {caller} FROM auth_user caller WHERE id = %(id)s AND is_active", caller=User
)


def signed_in(request: Request) -> User:
    """The caller, in a view that lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <access_token>`.

    allauth's own class trusts the token alone; here the account must still exist and be active.
    """

    keyword = "Bearer"

    def authenticate_credentials(self, key: str) -> tuple[User, dict[str, Any]]:
        """The active user the token was made for; raises AuthenticationFailed."""
        claims = decode_token(key, "access")
        if claims is None or not claims["sub"].isdecimal():
            raise AuthenticationFailed(_("The access token is not valid. Log in again."))
        found = ACTIVE_USER.find(id=int(claims["sub"]) % 2**31)
        if found is None:
            raise AuthenticationFailed(_("This account is closed."))
        return found[0], claims
