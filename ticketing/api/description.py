"""The descriptions of the API and of allauth's log-in, for anybody who asks.

To make one takes long, and only a release changes it: a process makes each of them once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ticketing.api.views import Public

View = Callable[..., HttpResponse]


class ApiDescription(Public):
    """As drf-spectacular finds it, in the language of the request."""

    renderer_classes = SpectacularAPIView.renderer_classes

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        name = f"ticketing-api.{request.accepted_renderer.format}"
        disposition = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(_described_in(get_language()), headers=disposition)


@cache
def _described_in(language: str | None) -> dict[str, Any]:
    generator: Any = SchemaGenerator  # no types come with it
    described: dict[str, Any] = generator().get_schema(public=True)
    return described


def made_once(view: View) -> View:
    """Keep the answer of a view that tells everybody the same."""

    @cache
    def answer() -> HttpResponse:
        asked = HttpRequest()
        asked.method = "GET"
        return view(asked)

    @wraps(view)
    @require_safe
    def kept(request: HttpRequest) -> HttpResponse:
        return HttpResponse(answer().content, headers=answer().headers)

    return kept
