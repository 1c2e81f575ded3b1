from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

def reauthentication_required(*, allow_get: bool = ...) -> Callable[[F], F]: ...
def secure_admin_login(function: F) -> F: ...
