"""Who is what. Every question about it is asked here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticketing.errors import NotAllowed

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from ticketing.models import Event


def is_admin(user: User | AnonymousUser) -> bool:
    """Whether this is a platform admin, who decides about every organizer's events."""
    return bool(user.is_active and user.is_superuser)


def is_organizer_of(user: User | AnonymousUser, event: Event) -> bool:
    """Whether this is a member of the organizer that runs the event."""
    return bool(user.is_active and event.organizer.members.filter(pk=user.pk).exists())


def require_admin(user: User, advice: str) -> None:
    """Raise NotAllowed with this advice unless it is a platform admin."""
    if not is_admin(user):
        raise NotAllowed(advice)
