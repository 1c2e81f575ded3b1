"""How pages of the back office come to write amounts as people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DecimalField
from django.http import HttpRequest

from ticketing.amounts import CURRENCY, price_tag

if TYPE_CHECKING:
    from django.db.models import Model


class ShownAmounts:
    """For pages and inlines that nobody edits: their amounts as price tags, not as bare decimals.

    Goes before the class of Django's whose columns and fields it dresses. An inline says its
    `fields` again as `readonly_fields`: Django makes no form of what is none of the model's.
    """

    model: type[Model]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self._dressed(self._undressed().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self._dressed(self._undressed().get_fields(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self._dressed(self._undressed().get_readonly_fields(request, obj))

    def _undressed(self) -> Any:
        """The class of Django's."""
        return super()

    def _dressed(self, names: Iterable[Any]) -> list[Any]:
        return [_column(self.model, name) if self._is_amount(name) else name for name in names]

    def _is_amount(self, name: Any) -> bool:
        try:
            field = self.model._meta.get_field(name) if isinstance(name, str) else None
        except FieldDoesNotExist:
            return False
        return isinstance(field, DecimalField)


# One for each field: Django looks for the very same object among the read-only ones.
@cache
def _column(model: type[Model], name: str) -> Callable[[Any], str | None]:
    field: Any = model._meta.get_field(name)

    @admin.display(description=field.verbose_name, ordering=name)
    def column(row: Any) -> str | None:
        amount = getattr(row, name)
        currency = getattr(row, "currency", CURRENCY)
        return None if amount is None else price_tag(amount, currency)

    column.__name__ = name  # of which the classes of its cells are made
    return column
