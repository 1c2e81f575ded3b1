"""Access tokens as the log-in of the API gives them."""

from __future__ import annotations

from allauth.headless.tokens.strategies.jwt.internal import create_access_token
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User

from ticketing.api.tokens import AccessTokens
from ticketing.models.sessions import SessionStore


def token_of(user: User) -> str:
    """A new session's token."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session.create()
    return create_access_token(user, session, AccessTokens().get_claims(user))
