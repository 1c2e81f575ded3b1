"""An admin page for rows that only services write; for every app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from unfold.admin import ModelAdmin

if TYPE_CHECKING:
    from django.db.models import Model


SEVERAL_LINES = {"all": ["back_office/lists.css"]}  # for lists whose cells need more than one


class ReadOnly(ModelAdmin):  # type: ignore[misc]
    """Rows that only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
