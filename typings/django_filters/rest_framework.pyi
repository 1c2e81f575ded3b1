from typing import Any

from django.forms import Form

class Filter:
    field_class: Any
    def __init__(
        self, field_name: str | None = ..., lookup_expr: str | None = ..., **options: Any
    ) -> None: ...

class CharFilter(Filter): ...
class ChoiceFilter(Filter): ...
class IsoDateTimeFilter(Filter): ...

class FilterSet:
    form: Form
