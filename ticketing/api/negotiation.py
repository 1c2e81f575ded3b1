"""Which answers callers accept."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

ANYTHING = "*/*"


class UsualAccept(DefaultContentNegotiation):
    """DRF's answers, quicker for what nearly all callers accept."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Raises NotAcceptable, and Http404 for a `?format=` that there is not."""
        first = next(iter(renderers))
        accepted = request.headers.get("Accept", ANYTHING)
        is_plain = format_suffix is None and "format" not in request.query_params
        if is_plain and accepted in (ANYTHING, first.media_type):
            return first, first.media_type
        chosen: tuple[BaseRenderer, str] = super().select_renderer(
            request, renderers, format_suffix
        )
        return chosen


class AnyAccept(BaseContentNegotiation):
    """For views that answer with a file: asking for just that type is not refused.

    Problems are JSON all the same.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type
