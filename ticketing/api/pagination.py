from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError as InvalidValue
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports this module by its setting


class CursorPages(CursorPagination):
    """Pages that cost the same however far one reads. A view names its order in `ordering`."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> tuple[str, ...]:
        """The view's own order; it must end with something unique."""
        return tuple(cast("Any", view).ordering)

    def get_page_size(self, request: Request) -> int:
        """What the caller asks for, or the usual. Raises ValidationError for what is no size."""
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not (re.fullmatch("[0-9]{1,3}", given) and 1 <= int(given) <= self.max_page_size):
            told = _("Use a number from 1 to {most}.").format(most=self.max_page_size)
            raise ValidationError({self.page_size_query_param: [told]})
        return int(given)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """As DRF describes them, with the limits of a page."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {"minimum": 1, "maximum": self.max_page_size}
        return parameters

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """One page. Raises ValidationError for a cursor that no page has given."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, InvalidValue, ValueError):
            raise ValidationError({"cursor": [_("Take the cursor from a page's links.")]}) from None
