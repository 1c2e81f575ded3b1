"""What browsers are told not to do on our pages."""

from __future__ import annotations

from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

PERMISSIONS = ("camera", "geolocation", "microphone", "payment", "usb")


def permissions(*own: str) -> str:
    """A `Permissions-Policy` with which a page itself may ask for these, and nobody for more."""
    return ", ".join(f"{name}=({'self' if name in own else ''})" for name in PERMISSIONS)


class PolicyMiddleware(CSPMiddleware):
    """`Content-Security-Policy` and `Permissions-Policy` for each answer.

    Strict everywhere but under the prefixes of `RELAXED_POLICIES`, and where a view has set a
    `Permissions-Policy` itself.
    """

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and parts.replace is None:
            parts.replace = _relaxed(request.path_info)
        return parts

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", permissions())
        if "Authorization" in request.headers:  # what only the token's owner may see
            response.headers.setdefault("Cache-Control", "no-store")
        return super().process_response(request, response)


def _relaxed(path: str) -> dict[str, Any] | None:
    policies: dict[str, dict[str, Any]] = settings.RELAXED_POLICIES
    return next((policy for prefix, policy in policies.items() if path.startswith(prefix)), None)
