"""What browsers are told not to do on our pages."""

from __future__ import annotations

from functools import cache

from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
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
            parts.replace = settings.RELAXED_POLICIES.get(_relaxed_prefix(request.path_info))
        return parts

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", permissions())
        if "Authorization" in request.headers:  # what only the token's owner may see
            response.headers.setdefault("Cache-Control", "no-store")
        if _has_own_policy(request, response):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, _usual_policy(_relaxed_prefix(request.path_info)))
        return response


def _has_own_policy(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether a view has changed the policy by one of django-csp's decorators, or by a nonce."""
    return any(name.startswith("_csp") for name in (*vars(response), *vars(request)))


@cache
def _usual_policy(relaxed_prefix: str) -> str:
    return str(build_policy(replace=settings.RELAXED_POLICIES.get(relaxed_prefix)))


def _relaxed_prefix(path: str) -> str:
    return next((prefix for prefix in settings.RELAXED_POLICIES if path.startswith(prefix)), "")
