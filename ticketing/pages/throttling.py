"""How often one customer may use pages: counted together with the calls of the API."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.views import APIView

from ticketing.api.throttling import PerCustomerThrottle

View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """Answer 429 when its customer calls more often than the API's rates allow."""

    @wraps(view)
    def within_limits(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        throttle = PerCustomerThrottle()
        # It reads the user and the method alone, which Django's requests have as well.
        if throttle.allow_request(cast(Request, request), cast(APIView, None)):
            return view(request, *args, **kwargs)
        answer = render(request, "429.html", status=429)
        answer.headers["Retry-After"] = str(math.ceil(throttle.wait() or 1))
        return answer

    return within_limits
