from django.utils.functional import Promise

from .api import PwnedPasswords

class PwnedPasswordsValidator:
    def __init__(
        self,
        error_message: str | Promise | None = ...,
        help_message: str | Promise | None = ...,
        api_client: PwnedPasswords = ...,
    ) -> None: ...
