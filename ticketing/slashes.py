"""Addresses without their last slash: people are led on to the right one, programs find nothing.

A program follows a redirect in silence, and with GET: it would read where it meant to change.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.middleware.common import CommonMiddleware


class SlashMiddleware(CommonMiddleware):
    """Django's, but for what is below `HTTPS_ALONE`."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Whether the address is one of the pages' as soon as it ends with a slash."""
        is_for_people = not request.path.startswith(settings.HTTPS_ALONE)
        return is_for_people and super().should_redirect_with_slash(request)
