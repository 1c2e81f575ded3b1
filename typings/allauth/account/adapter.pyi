from django.contrib.auth.models import User

class DefaultAccountAdapter:
    def set_password(self, user: User, password: str) -> None: ...
