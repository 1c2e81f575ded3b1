"""How often one customer may call. Visitors are not limited here: a proxy knows their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports this module by its setting


class PerCustomerThrottle(SimpleRateThrottle):
    """The rates `reading` and `changing` of the settings, counted apart."""

    def __init__(self) -> None:
        """The rate depends on the request, so nothing is known yet."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether this call is within its customer's rate."""
        self.scope = "reading" if request.method in SAFE_METHODS else "changing"
        self.num_requests, self.duration = self.parse_rate(self.get_rate())
        self.rate = self.get_rate()
        return bool(super().allow_request(request, view))

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """One counter for each customer; None, which means no limit, for visitors."""
        if not request.user or not request.user.is_authenticated:
            return None
        return f"throttle-{self.scope}-{request.user.pk}"
