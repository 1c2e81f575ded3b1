"""Who may do what customers may not."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from ticketing.api.authentication import signed_in
from ticketing.roles import Role, is_admin, role_of


class RunsEvents(BasePermission):
    """Members of an organizer who are not of our support, and platform admins.

    Comes after IsAuthenticated.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = signed_in(request)
        if role_of(user) in (Role.ADMIN, Role.SUPPORT):
            return is_admin(user)
        return user.organizers.exists()
