"""What OPTIONS says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports this module by its setting


class NoFields(SimpleMetadata):
    """DRF takes those of the answer for what is to be sent; `/api/schema/` knows better."""

    def determine_actions(self, request: Request, view: APIView) -> dict[str, Any]:
        """Of no method."""
        return {}
