"""Programs that call over plain HTTP are refused, where people are led on to HTTPS.

A program follows a redirect in silence, and goes on to send its token in clear each time.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from ticketing import problems


class HttpsOnlyMiddleware:
    """403 below `HTTPS_ALONE` for what came in clear, wherever pages would be led on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_clear = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if is_clear and request.path.startswith(settings.HTTPS_ALONE):
            return problems.https_required()
        return self.get_response(request)
