"""The log-in for programs reads JSON as our API does.

Some of what our parser refuses would break allauth's, and the rest is answered with an empty page.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import ParseError

from ticketing import problems
from ticketing.api.parsers import JSONObjectParser

PREFIX = "/_allauth/app/"


class AccountBodyMiddleware:
    """400 below the prefix for a body that is no JSON object."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(PREFIX) and request.method != "GET" and request.body:
            try:
                JSONObjectParser().parse(BytesIO(request.body))
            except ParseError as fault:
                return problems.unreadable(fault)
        return self.get_response(request)
