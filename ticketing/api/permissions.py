"""Who may do what customers may not."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from ticketing.api.authentication import signed_in
from ticketing.roles import is_admin


class RunsEvents(BasePermission):
    """Members of an organizer, and platform admins. Comes after IsAuthenticated."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = signed_in(request)
        return is_admin(user) or user.organizers.exists()
