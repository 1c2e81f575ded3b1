"""Who sees which rows in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib.admin import ModelAdmin, RelatedFieldListFilter, SimpleListFilter
from django.contrib.auth.models import User
from django.db.models import ForeignKey, ManyToManyField
from django.http import HttpRequest

from jobs.back_office import Paged, ReadOnly
from ticketing.back_office_amounts import ShownAmounts
from ticketing.roles import is_admin, sees_every_organizer

if TYPE_CHECKING:
    from django.db.models import Field, Model, QuerySet


def reader(request: HttpRequest) -> User:
    """Whoever reads a page that only staff gets to."""
    assert isinstance(request.user, User)
    return request.user


def own_organizers(user: User) -> list[int]:
    """The ids of those that the user is a member of.

    Lists are asked for by them and not by a subquery: only so the database knows how much an
    organizer has sold, and reads the newest rows of a large one without sorting all of them.
    """
    return list(user.organizers.values_list("pk", flat=True))


def own_rows(rows: QuerySet[Any], own: list[int], path: str) -> QuerySet[Any]:
    """Those of these organizers; `path` leads from a row to its own."""
    return rows.filter(**{f"{path}__in": own})


class Switch(SimpleListFilter):
    """A filter that is on or off. `chosen` says which rows stay, to whoever counts them, too."""

    parameter_name: str
    label: ClassVar[Any]

    @staticmethod
    def chosen(rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", self.label)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.chosen(queryset, reader(request)) if self.value() else queryset


class OwnRelated(RelatedFieldListFilter):
    """A filter by related rows that offers those which the reader may see, and no others."""

    def field_choices(
        self, field: Field[Any, Any], request: HttpRequest, model_admin: ModelAdmin[Any]
    ) -> list[tuple[Any, Any]]:
        # As their own list shows them, so that who sees what is said in one place.
        seen = model_admin.admin_site._registry[_related(field)].get_queryset(request)
        return [(row.pk, str(row)) for row in seen]


def _related(field: Field[Any, Any]) -> type[Model]:
    """The model that a relation leads to."""
    return cast("type[Model]", field.related_model)


class PlatformOnly(ReadOnly):
    """Rows about more than one organizer, or about none: for platform admins only."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_admin(request.user)


class OwnEvents(ShownAmounts, Paged):
    """Members of an organizer see the rows of its events and no others, by address neither.

    That holds for lists, pages, history, searches and autocompletion, which all read
    `get_queryset`, and for what filters and forms offer to choose from.
    `organizer_field` leads from a row to its organizer.
    """

    organizer_field: str

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        user = reader(request)
        if sees_every_organizer(user):
            return rows
        return own_rows(rows, own_organizers(user), self.organizer_field)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters, with those by related rows narrowed to what the reader may see."""
        return [self._narrowed(chosen) for chosen in super().get_list_filter(request)]

    def _narrowed(self, chosen: Any) -> Any:
        is_related = isinstance(chosen, str) and self.model._meta.get_field(chosen).is_relation
        return (chosen, OwnRelated) if is_related else chosen

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        self._narrow_choices(db_field, request, kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        self._narrow_choices(db_field, request, kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _narrow_choices(
        self, field: Field[Any, Any], request: HttpRequest, options: dict[str, Any]
    ) -> None:
        """Offer what the related rows' own page shows; to others than admins nothing else."""
        if is_admin(request.user):
            return
        page = self.admin_site._registry.get(_related(field))
        nothing = _related(field)._default_manager.none()
        options["queryset"] = page.get_queryset(request) if isinstance(page, OwnEvents) else nothing
