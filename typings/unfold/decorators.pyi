from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.db.models.expressions import BaseExpression, Combinable
from django.utils.functional import _StrOrPromise
from unfold.enums import ActionVariant

F = TypeVar("F", bound=Callable[..., Any])

def action(
    *,
    permissions: Iterable[str] | None = ...,
    description: _StrOrPromise | None = ...,
    url_path: str | None = ...,
    attrs: Mapping[str, Any] | None = ...,
    icon: str | None = ...,
    variant: ActionVariant | None = ...,
) -> Callable[[F], F]: ...
def display(
    *,
    boolean: bool | None = ...,
    ordering: str | Combinable | BaseExpression | None = ...,
    description: _StrOrPromise | None = ...,
    empty_value: str | None = ...,
    label: bool | str | Mapping[str, str] | None = ...,
    header: bool | None = ...,
) -> Callable[[F], F]: ...
