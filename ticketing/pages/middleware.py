"""What only pages need. Calls of the API bring a token and no cookie: they are spared the work."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from ticketing.models.sessions import SessionStore

API = "/api/v1/"


class ForPages(MiddlewareMixin):
    """Put before a middleware of Django's, which then does not see calls of the API."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path_info.startswith(API):
            return self.get_response(request)
        return super().__call__(request)


class PageSessionMiddleware(ForPages, SessionMiddleware):
    """Django's, for pages. The cookie of a session that was lengthened is sent anew."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = cast("SessionStore", request.session)
        response = super().process_response(request, response)
        if session.lasts_longer and not session.modified:
            _send_anew(session, response)
        return response


def _send_anew(session: SessionStore, response: HttpResponse) -> None:
    """Django would save the session as it was read, over what others have changed meanwhile."""
    response.set_cookie(
        settings.SESSION_COOKIE_NAME,
        session.session_key or "",
        max_age=session.get_expiry_age(),
        domain=settings.SESSION_COOKIE_DOMAIN,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=settings.SESSION_COOKIE_HTTPONLY,
        samesite=cast("Any", settings.SESSION_COOKIE_SAMESITE),
    )


class PageUserMiddleware(ForPages, AuthenticationMiddleware):
    """Django's, for pages. The API knows its callers by their tokens."""


class PageMessageMiddleware(ForPages, MessageMiddleware):
    """Django's, for pages."""
