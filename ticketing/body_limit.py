"""Bodies that are too large are refused by the length they announce, before anything reads them.

Django's own limit leaves files out: it would write them to the disk whole, for visitors too.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from ticketing import problems

MOST_DIGITS = 15  # of a length that is read; more are too many anyway


class BodyLimitMiddleware:
    """413 for more than `LARGEST_BODY`. Without a length Django reads nothing at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Without leading zeros, which would hide what comes after so many digits.
        length = (request.META.get("CONTENT_LENGTH") or "").lstrip("0")
        if length.isdecimal() and int(length[:MOST_DIGITS]) > settings.LARGEST_BODY:
            return problems.too_large(request)
        return self.get_response(request)
