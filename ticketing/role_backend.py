"""How Django learns from the role table what somebody may do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser, User

from ticketing.roles import PERMISSIONS, remembered_role


class RoleBackend(BaseBackend):
    """Gives the permissions of a role; signs nobody in."""

    def get_group_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        # As Django's own backend does: about a single row `ticketing.roles.may` is asked.
        role = None if obj is not None else remembered_role(user_obj)
        # Admins need none: of a superuser Django asks no backend.
        return set(PERMISSIONS.get(role, ())) if role else set()

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        return self.get_group_permissions(user_obj, obj)

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        """Whether the app is shown in the menu."""
        return any(name.startswith(f"{app_label}.") for name in self.get_all_permissions(user_obj))
