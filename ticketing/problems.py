"""How errors are told: `application/problem+json` (RFC 9457) with a stable `code`.

A refusal has a code that callers can act on. A bug stays a 500 and says nothing but the request's
id, under which the log tells the rest.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views import defaults
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from ticketing.errors import DomainError
from ticketing.requests import current_request_id

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
JSON_PATHS = ("/api/", "/_allauth/")


@dataclass(frozen=True)
class Kind:
    """A sort of problem that no domain error stands for. `detail` is its usual advice."""

    code: str
    status: int
    title: Any
    detail: Any


INVALID = Kind(
    "invalid",
    400,
    gettext_lazy("The request is not valid."),
    gettext_lazy("Correct what `errors` lists and send the request again."),
)
NOT_AUTHENTICATED = Kind(
    "not-authenticated",
    401,
    gettext_lazy("You are not signed in."),
    gettext_lazy("Log in and send the access token as `Authorization: Bearer …`."),
)
PERMISSION_DENIED = Kind(
    "permission-denied",
    403,
    gettext_lazy("You are not allowed to do this."),
    gettext_lazy("Ask somebody who is allowed to, or sign in as somebody else."),
)
NOT_FOUND = Kind(
    "not-found",
    404,
    gettext_lazy("There is no such thing here."),
    gettext_lazy("It does not exist, or it is not yours to see."),
)
METHOD_NOT_ALLOWED = Kind(
    "method-not-allowed",
    405,
    gettext_lazy("This address does not take this method."),
    gettext_lazy("Use one of the methods in the `Allow` header."),
)
NOT_ACCEPTABLE = Kind(
    "not-acceptable",
    406,
    gettext_lazy("This address has no answer of the type you accept."),
    gettext_lazy("Accept `application/json`."),
)
TOO_LARGE = Kind(
    "too-large",
    413,
    gettext_lazy("The request is too large."),
    gettext_lazy("Send less at once."),
)
UNSUPPORTED_MEDIA_TYPE = Kind(
    "unsupported-media-type",
    415,
    gettext_lazy("The body's type is not understood here."),
    gettext_lazy("Send `Content-Type: application/json`."),
)
THROTTLED = Kind(
    "throttled",
    429,
    gettext_lazy("Too many requests."),
    gettext_lazy("Wait for the seconds that `Retry-After` tells, then try again."),
)
INTERNAL = Kind(
    "internal",
    500,
    gettext_lazy("Something went wrong on our side."),
    gettext_lazy("Try again later. If it keeps happening, tell us the request_id."),
)
BUSY = Kind(
    "busy",
    503,
    gettext_lazy("Too busy to answer now."),
    gettext_lazy("Nothing was changed. Try again in a moment."),
)

KINDS_BY_ERROR: dict[type[Exception], Kind] = {
    exceptions.ValidationError: INVALID,
    exceptions.ParseError: INVALID,
    DataError: INVALID,
    exceptions.NotAuthenticated: NOT_AUTHENTICATED,
    exceptions.AuthenticationFailed: NOT_AUTHENTICATED,
    exceptions.PermissionDenied: PERMISSION_DENIED,
    PermissionDenied: PERMISSION_DENIED,
    exceptions.NotFound: NOT_FOUND,
    Http404: NOT_FOUND,
    exceptions.MethodNotAllowed: METHOD_NOT_ALLOWED,
    exceptions.NotAcceptable: NOT_ACCEPTABLE,
    RequestDataTooBig: TOO_LARGE,
    exceptions.UnsupportedMediaType: UNSUPPORTED_MEDIA_TYPE,
    exceptions.Throttled: THROTTLED,
    OperationalError: BUSY,
    PoolTimeout: BUSY,
}
KINDS = {kind.code: kind for kind in (*KINDS_BY_ERROR.values(), INTERNAL)}
