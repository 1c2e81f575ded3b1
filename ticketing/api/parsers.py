from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class JSONObjectParser(JSONParser):
    """Every request body here is a JSON object; anything else is refused before a view sees it."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Raise ParseError unless the body is a JSON object."""
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError:  # brackets inside brackets, thousands deep
            raise ParseError(_("The JSON is nested too deeply.")) from None
        if not isinstance(body, dict):
            raise ParseError(_("The body must be a JSON object."))
        return body
