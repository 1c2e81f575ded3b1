"""Every address of the product outside the back office, read from the URL conf."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.urls import URLResolver, get_resolver

ELSEWHERE = (
    "admin/",
    "_allauth/",
)  # the back office has a table of its own; accounts are allauth's


def addresses() -> list[str]:
    """Their routes, as Django writes them: `/orders/<order_code:code>/`."""
    return [f"/{route}" for route in _walk(get_resolver().url_patterns)]


def _walk(patterns: list[object], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(ELSEWHERE):
            continue
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route


def of(route: str, values: dict[str, object]) -> str:
    """The address itself; `values` by the name of the parameter."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), route)
