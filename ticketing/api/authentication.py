"""Who calls: an access token of allauth, checked with one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ticketing.api.tokens import caller_of, claims_in


def signed_in(request: Request) -> User:
    """The caller, in a view that lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <access_token>`.

    allauth's own class trusts the token alone; here the account must still be active, its session
    not ended, and its password the same.
    """

    keyword = "Bearer"

    def authenticate_credentials(self, key: str) -> tuple[User, dict[str, Any]]:
        """The active user the token was made for; raises AuthenticationFailed."""
        claims = claims_in(key)
        if claims is None:
            raise AuthenticationFailed(_("The access token is not valid. Log in again."))
        user = caller_of(claims)
        if user is None:
            raise AuthenticationFailed(_("You were logged out, or this account is closed."))
        return user, claims
