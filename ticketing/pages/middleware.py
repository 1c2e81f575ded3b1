"""What only pages need. Calls of the API bring a token and no cookie: they are spared the work."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

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
        session.modified |= session.lasts_longer
        return super().process_response(request, response)


class PageUserMiddleware(ForPages, AuthenticationMiddleware):
    """Django's, for pages. The API knows its callers by their tokens."""


class PageMessageMiddleware(ForPages, MessageMiddleware):
    """Django's, for pages."""
