"""How Django learns from the role table what somebody may do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser, User

from ticketing.roles import PERMISSIONS, role_of


class RoleBackend(BaseBackend):
    """Gives the permissions of a role; signs nobody in."""

    def get_group_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """What the role may do, looked up once for each user object, as Django's backend does."""
        if obj is not None:
            return set()
        known: set[str] | None = getattr(user_obj, "_role_permissions", None)
        if known is None:
            role = role_of(user_obj)
            known = set(PERMISSIONS.get(role, ())) if role else set()
            user_obj._role_permissions = known  # type: ignore[union-attr]
        return known

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        return self.get_group_permissions(user_obj, obj)

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        """Whether the app is shown in the menu."""
        return any(name.startswith(f"{app_label}.") for name in self.get_all_permissions(user_obj))
