"""Who reads a page about everything, and which rows that is."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from jobs.subjects import address_of
from ticketing.back_office import OwnEvents, own_organizers, own_rows, reader
from ticketing.roles import SEE_EVERY_ORGANIZER, remembered_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model, QuerySet


class Reader:
    """Somebody with a role. Their lists decide what they see. Role and organizers are read once."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = reader(request)
        self.role = remembered_role(self.user)

    @cached_property
    def own(self) -> list[int]:
        return own_organizers(self.user)

    def sees(self, model: type[Model]) -> bool:
        """Whether the list of this model is open to them."""
        return bool(admin.site._registry[model].has_view_permission(self.request))

    def rows(self, model: type[Model]) -> QuerySet[Any]:
        """What the list of this model shows to them before any filter."""
        rows = model._default_manager.all()
        page = admin.site._registry[model]
        # As the list's own `get_queryset`, which would ask for the role again each time.
        if self.role in SEE_EVERY_ORGANIZER or not isinstance(page, OwnEvents):
            return rows
        return own_rows(rows, self.own, page.organizer_field)


def address_of_list(model: type[Model], query: Mapping[str, str | int]) -> str:
    """The list of this model with these filters."""
    opts = model._meta
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{page}?{urlencode(query)}"


def address_of_row(row: Model) -> str:
    return address_of(type(row), row.pk)
