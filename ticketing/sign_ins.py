"""Who came in, who did not, and which locks were changed: one line in the log for each.

People are named by their id. What was typed is not told: sometimes it is a password.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.signals import email_changed, password_changed, password_reset
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from ticketing.deeds import LOGGED_IN, note_deed
from ticketing.models.sessions import LOG_IN

logger = logging.getLogger(__name__)

LONGEST_BROWSER = 200  # of what it says of itself

TOLD: dict[str, Signal] = {
    "logged in": user_logged_in,
    "logged out": user_logged_out,
    "password changed": password_changed,
    "password reset": password_reset,
    "address changed": email_changed,
    "second factor added": authenticator_added,
    "second factor removed": authenticator_removed,
    "recovery codes made": authenticator_reset,
}


def log_them() -> None:
    """Listen; called once when the project starts."""
    user_logged_in.connect(_note_in_session, dispatch_uid="note log in")
    user_logged_in.connect(_note_of_staff, dispatch_uid="note log in of staff")
    for event, signal in TOLD.items():
        # Not weak: nobody else keeps these functions, and they would be gone at once.
        signal.connect(_teller(event), weak=False, dispatch_uid=f"log {event}")
    user_login_failed.connect(_tell_failure, dispatch_uid="log log-in failed")


def _teller(event: str) -> Any:
    def tell(*, request: HttpRequest | None = None, user: Any = None, **others: Any) -> None:
        _tell(logging.INFO, event, request, user)

    return tell


def _note_in_session(*, request: HttpRequest, **others: Any) -> None:
    """Have the session know when and from where its owner came: `ticketing.pages.sessions`."""
    request.session[LOG_IN] = {
        "at": int(timezone.now().timestamp()),
        "address": request.META.get("REMOTE_ADDR", ""),
        "browser": request.META.get("HTTP_USER_AGENT", "")[:LONGEST_BROWSER],
    }


def _note_of_staff(*, request: HttpRequest, user: User, **others: Any) -> None:
    """Keep when, and from which address, somebody of staff came in."""
    if user.is_staff:
        address = request.META.get("REMOTE_ADDR", "")
        message = f"From {address}." if address else ""
        note_deed(LOGGED_IN, by=user, about=user, message=message)


def _tell_failure(*, request: HttpRequest | None = None, **others: Any) -> None:
    _tell(logging.WARNING, "log-in failed", request, None)


def _tell(level: int, event: str, request: HttpRequest | None, user: Any) -> None:
    facts = {
        "event": event,
        "user": getattr(user, "pk", None),
        "address": request.META.get("REMOTE_ADDR") if request else None,
    }
    logger.log(level, "%(event)s: user %(user)s from %(address)s", facts, extra=facts)
