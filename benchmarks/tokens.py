"""Access tokens without log-ins, which would measure password hashing: that is slow on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from allauth.headless.tokens.strategies.jwt.internal import create_token, session_key_to_sid
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.crypto import get_random_string

from ticketing.api.tokens import AccessTokens
from ticketing.models import Session
from ticketing.models.sessions import SessionStore

SECONDS = 2 * 3600


def mint_tokens(users: Iterable[User]) -> list[str]:
    """A token for each, as a log-in gives it, and the session that it lasts with.

    Made with the server's own key; the server checks them in full.
    """
    strategy, store = AccessTokens(), SessionStore()
    data, ends = store.encode({}), timezone.now() + timedelta(seconds=SECONDS)
    tokens, sessions = [], []
    for user in users:
        key = get_random_string(32)
        session = Session(session_key=key, session_data=data, expire_date=ends, user=user)
        sessions.append(session)
        token, _payload = create_token(
            "access",
            sub=str(user.pk),
            sid=session_key_to_sid(session.session_key),
            claims=strategy.get_claims(user),
            expires_in=SECONDS,
        )
        tokens.append(token)
    Session.objects.bulk_create(sessions, batch_size=1_000)
    return tokens
