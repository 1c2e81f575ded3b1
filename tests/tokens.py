"""Access tokens as the log-in of the API gives them."""

from __future__ import annotations

from allauth.headless.tokens.strategies.jwt.internal import create_access_token
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from ticketing.api.tokens import AccessTokens


def token_of(user: User) -> str:
    """A new session's token."""
    session = SessionStore()
    session.create()
    return create_access_token(user, session, AccessTokens().get_claims(user))
