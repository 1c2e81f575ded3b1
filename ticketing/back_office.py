"""Who sees which rows in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from ticketing.roles import is_admin

if TYPE_CHECKING:
    from django.db.models import QuerySet


class OwnEvents(ModelAdmin):  # type: ignore[misc]
    """Members of an organizer see the rows of its events and no others, by address neither.

    `organizer_field` leads from a row to its organizer.
    """

    organizer_field: str

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        assert isinstance(request.user, User)
        if is_admin(request.user):
            return rows
        own = request.user.organizers.all()
        return rows.filter(**{f"{self.organizer_field}__in": own})
