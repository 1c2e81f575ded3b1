"""The back office on a host of its own: no script of a customers' page reaches into it there."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

# A browser is logged in on each by itself: at a door in the shop, too, by the back office's way in.
ON_BOTH = ("/accounts/", "/admin/login/", "/language/")


class BackOfficeHostMiddleware:
    """Each host answers for what is its own; people are led to the other, programs find nothing.

    Where `BACK_OFFICE_URL` is unset, one host does for both.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.BACK_OFFICE_HOST:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.home = reverse("admin:index")
        self.programs = [re.compile(pattern) for pattern in settings.SECURE_REDIRECT_EXEMPT]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_there = urlsplit(f"//{request.get_host()}").hostname == settings.BACK_OFFICE_HOST
        if is_there and request.path == settings.LOGIN_REDIRECT_URL:
            return HttpResponseRedirect(self.home)
        belongs_there = request.path.startswith(self.home)
        if is_there == belongs_there or request.path.startswith(ON_BOTH):
            return self.get_response(request)
        # What a form holds would get lost on the way.
        if request.method not in ("GET", "HEAD") or self._is_for_programs(request):
            raise Http404
        other = settings.BACK_OFFICE_URL if belongs_there else settings.PUBLIC_URL
        return HttpResponseRedirect(other + request.get_full_path())

    def _is_for_programs(self, request: HttpRequest) -> bool:
        return any(pattern.search(request.path.lstrip("/")) for pattern in self.programs)
