"""How errors are told: `application/problem+json` (RFC 9457) with a stable `code`.

A refusal has a code that callers can act on. A bug stays a 500 and says nothing but the request's
id, under which the log tells the rest. People who read pages get a page that says the same.
"""

from __future__ import annotations

import logging
import math
import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import is_valid_path
from django.utils import translation
from django.utils.translation import get_language_from_request, gettext_lazy
from psycopg.errors import ReadOnlySqlTransaction
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from ticketing.connections import forget_dead_connections
from ticketing.errors import DomainError
from ticketing.pages.problems import problem_page
from ticketing.problem_kinds import (
    BAD_REQUEST_PAGE,
    BUSY,
    BUSY_PAGE,
    HTTPS_REQUIRED,
    INTERNAL,
    INTERNAL_PAGE,
    INVALID,
    KINDS_BY_ERROR,
    NO_SLASH,
    NOT_FOUND,
    PERMISSION_DENIED,
    TOO_LARGE,
    Kind,
    problem,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
WHOLE_BODY = "non_field_errors"  # as DRF calls what is wrong with no field in particular
JSON_PATHS = ("/api/", "/_allauth/")
CACHE_ERRORS = "redis.exceptions"  # by name: who has no Redis need not load its library
UNREADABLE = {WHOLE_BODY: [gettext_lazy("The request can't be read as it is.")]}


class ProblemRenderer(JSONRenderer):
    """For every view. In ASCII: it may have to repeat half a character, which UTF-8 can't."""

    media_type = MEDIA_TYPE
    ensure_ascii = True


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None for a bug, which Django logs and answers with `internal`."""
    body, headers = _told(error)
    if body is None:
        return None
    request = context["request"]
    request.accepted_renderer, request.accepted_media_type = ProblemRenderer(), MEDIA_TYPE
    return Response(body, status=body["status"], headers=headers)


def _told(error: Exception) -> tuple[dict[str, Any] | None, dict[str, str]]:
    if isinstance(error, DomainError):
        return problem(error.code, error.status, error.title, detail=str(error), **error.extra), {}
    kind = _kind_of(error)
    if kind is None:
        return None, {}
    if kind is BUSY:
        _recover(error)
        return kind.problem(), {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if isinstance(error, exceptions.APIException):
        return kind.problem(**_extra(error)), _headers(error)
    if kind is INVALID:  # as the database found
        return kind.problem(errors=UNREADABLE), {}
    return kind.problem(), {}


def _kind_of(error: BaseException | None) -> Kind | None:
    bases = type(error).__mro__
    if any(base.__module__ == CACHE_ERRORS for base in bases):
        return BUSY
    if isinstance(getattr(error, "__cause__", None), ReadOnlySqlTransaction):
        return BUSY  # the server was the primary a moment ago, or is not it yet
    return next((KINDS_BY_ERROR[base] for base in bases if base in KINDS_BY_ERROR), None)


def _recover(error: BaseException) -> None:
    """Leave a line in the log, and spare others the connections that died with this one."""
    logger.error("Answered 503: %s: %s", type(error).__name__, error)
    forget_dead_connections()


def _extra(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        return {"errors": _flat(error.detail)}
    if isinstance(error, exceptions.ParseError):
        return {"errors": {WHOLE_BODY: [str(error.detail)]}}
    return {}


def _flat(detail: Any, field: str = "") -> dict[str, list[str]]:
    """DRF's nested errors as messages by field; `seats.3` is the fourth seat."""
    if isinstance(detail, dict):
        nested = [(str(name), inner) for name, inner in detail.items()]
    elif any(isinstance(inner, dict | list) for inner in detail):
        nested = [(str(index), inner) for index, inner in enumerate(detail) if inner]
    else:
        return {field or WHOLE_BODY: [str(message) for message in detail]}
    flat: dict[str, list[str]] = {}
    for name, inner in nested:
        flat |= _flat(inner, f"{field}.{name}" if field else name)
    return flat


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django refuses before any view sees it, such as a wrong Host header."""
    if _is_for_people(request):
        return _answer(request, BAD_REQUEST_PAGE)
    return _answer(request, INVALID, errors=UNREADABLE)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, PERMISSION_DENIED)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that no view has."""
    return _answer(request, NO_SLASH if _lacks_slash(request) else NOT_FOUND)


def _lacks_slash(request: HttpRequest) -> bool:
    """Whether that is all. People are led on, and the admin takes any address for its own."""
    path = request.path_info
    is_a_programs = not path.endswith("/") and not _is_for_people(request)
    return is_a_programs and bool(is_valid_path(f"{path}/"))


def too_large(request: HttpRequest) -> HttpResponse:
    """A body that nobody reads. Whoever sends it is asked for no session either."""
    return _answer(request, TOO_LARGE)


def unreadable(fault: exceptions.ParseError) -> HttpResponse:
    """A body that no view gets to see."""
    return _told_to_programs(INVALID, **_extra(fault))


def https_required() -> HttpResponse:
    """A program's call in clear. A browser would be led on."""
    return _told_to_programs(HTTPS_REQUIRED)


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug, or a database that is away or full. The log has it under the request's id."""
    error = sys.exception()
    if error is None or _kind_of(error) is not BUSY:
        return _answer(request, INTERNAL_PAGE if _is_for_people(request) else INTERNAL)
    _recover(error)
    answer = _answer(request, BUSY_PAGE if _is_for_people(request) else BUSY)
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _is_for_people(request: HttpRequest) -> bool:
    return not request.path.startswith(JSON_PATHS) and request.accepts("text/html")


def _answer(request: HttpRequest, kind: Kind, **extra: Any) -> HttpResponse:
    # What is refused before LocaleMiddleware would speak as the request before on this thread did.
    with translation.override(get_language_from_request(request)):
        if _is_for_people(request):
            told = request if kind in (NOT_FOUND, PERMISSION_DENIED) else None
            return problem_page(kind.status, kind.title, kind.detail, request=told)
        return _told_to_programs(kind, **extra)


def _told_to_programs(kind: Kind, **extra: Any) -> HttpResponse:
    return JsonResponse(kind.problem(**extra), status=kind.status, content_type=MEDIA_TYPE)
