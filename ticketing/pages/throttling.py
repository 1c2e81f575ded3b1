"""How often pages may be used: counted together with the calls of the API."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.views import APIView

from ticketing.api.throttling import PerAddressThrottle, PerCustomerThrottle

View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """Answer 429 when its customer or visitor calls more often than the API's rates allow."""

    @wraps(view)
    def within_limits(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        for throttle in (PerCustomerThrottle(), PerAddressThrottle()):
            # They read user, method and address alone, which Django's requests have as well.
            if not throttle.allow_request(cast(Request, request), cast(APIView, None)):
                return _refusal(request, throttle.wait() or 1)
        return view(request, *args, **kwargs)

    return within_limits


def _refusal(request: HttpRequest, wait: float) -> HttpResponse:
    answer = render(request, "429.html", status=429)
    answer.headers["Retry-After"] = str(math.ceil(wait))
    return answer
