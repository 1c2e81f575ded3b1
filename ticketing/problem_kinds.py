"""The sorts of problems that no domain error stands for, and which errors they tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, OperationalError
from django.http import Http404
from django.utils.translation import gettext_lazy
from psycopg_pool import PoolTimeout
from rest_framework import exceptions

from ticketing.requests import current_request_id


@dataclass(frozen=True)
class Kind:
    """A sort of problem that no domain error stands for. `detail` is its usual advice."""

    code: str
    status: int
    title: Any
    detail: Any

    def problem(self, **extra: Any) -> dict[str, Any]:
        """The body of an answer. `extra` are members of its own, or another `detail`."""
        return problem(self.code, self.status, self.title, **{"detail": str(self.detail), **extra})


def problem(code: str, status: int, title: Any, *, detail: str, **extra: Any) -> dict[str, Any]:
    """The members that every problem has, and the `extra` ones of its code."""
    return {
        "type": "about:blank",
        "title": str(title),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": current_request_id(),
        **extra,
    }


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
HTTPS_REQUIRED = Kind(
    "https-required",
    403,
    gettext_lazy("This address takes HTTPS only."),
    gettext_lazy(
        "Call it with https://. A token or password that you sent now may have been read on the "
        "way: log out, and change the password."
    ),
)
NOT_FOUND = Kind(
    "not-found",
    404,
    gettext_lazy("There is no such thing here."),
    gettext_lazy("It does not exist, or it is not yours to see."),
)
NO_SLASH = replace(NOT_FOUND, detail=gettext_lazy("Put a slash at the end of this address."))
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
    gettext_lazy("Try again in a moment; with the same `Idempotency-Key` nothing is done twice."),
)
# The same for people, who know no `errors`, `request_id` or `Idempotency-Key`.
BAD_REQUEST_PAGE = replace(
    INVALID, detail=gettext_lazy("Go back and try again, or start from the list of events.")
)
INTERNAL_PAGE = replace(
    INTERNAL, detail=gettext_lazy("Try again later. If it keeps happening, tell us.")
)
BUSY_PAGE = replace(
    BUSY,
    detail=gettext_lazy("Try again in a moment. If you sent something, look first if it arrived."),
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
KINDS = {kind.code: kind for kind in (*KINDS_BY_ERROR.values(), HTTPS_REQUIRED, INTERNAL)}
