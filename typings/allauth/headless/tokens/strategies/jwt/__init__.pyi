from typing import Any

from django.contrib.auth.models import User

class JWTTokenStrategy:
    def get_claims(self, user: User) -> dict[str, Any]: ...
