"""Problems and refusals for people: a page in their language that says what to do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from ticketing.errors import DomainError
from ticketing.requests import current_request_id


def problem_page(
    status: int, title: Any, detail: Any, *, request: HttpRequest | None = None
) -> HttpResponse:
    """A page about a problem.

    Without a request it has no account links and asks no database, which may be what is broken.
    """
    context = {"title": title, "detail": detail, "request_id": current_request_id()}
    return HttpResponse(render_to_string("pages/problem.html", context, request), status=status)


class RefusalMiddleware:
    """Tells a refusal that a page's view did not tell in a better place."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for a DomainError; anything else is a bug."""
        if not isinstance(error, DomainError):
            return None
        return problem_page(error.status, error.title, str(error), request=request)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its CSRF token: mostly a page left open while somebody logged in or out."""
    return problem_page(
        403,
        _("This form is too old."),
        _("Nothing was changed. Go back, reload the page, and send it again."),
    )
