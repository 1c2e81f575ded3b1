"""One id for each request, in its answer and in every log line it causes."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import LazyObject

logger = logging.getLogger(__name__)

_current: ContextVar[str] = ContextVar("request_id", default="-")
REFUSED = 400  # from this status on
_ACCEPTABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")


def current_request_id() -> str:
    """The id of the request being answered; "-" outside of one."""
    return _current.get()


class RequestIdMiddleware:
    """Take the proxy's `X-Request-ID` if it looks like one, else make one; answer with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Anybody may send one, and it goes into the log and into our answer.
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        token = _current.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        response.headers["X-Request-ID"] = request_id
        return response


class AccessLogMiddleware:
    """One log line for each request: the route, not the path, which may hold a ticket's code.

    The line of a refusal says by the account's id whom it met, if anybody was signed in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        facts: dict[str, Any] = {
            "method": request.method,
            "route": _route_of(request),
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - started) * 1000, 1),
        }
        if response.status_code >= REFUSED:
            facts["user"] = _known_user_id(request)
        logger.info("%(method)s %(route)s %(status)s", facts, extra=facts)
        return response


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _current.get()
        return True


class RouteFilter(logging.Filter):
    """Replaces what Django says about a request: its path may hold the code of a ticket."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            route = _route_of(request)
            record.request = route
            if isinstance(record.args, tuple):
                record.args = tuple(route if said == request.path else said for said in record.args)
        return True


def _route_of(request: HttpRequest) -> str:
    return request.resolver_match.route if request.resolver_match else "no route"


def _known_user_id(request: HttpRequest) -> int | None:
    """Of whom the view has looked up; for the log alone nobody is."""
    seen = vars(request)
    user = seen.get("_cached_user") or seen.get("user")
    return None if issubclass(type(user), LazyObject) else getattr(user, "pk", None)
