"""Sessions that know whose they are, to be listed and ended, and that end by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

# Under this a session keeps when and from where its owner came.
LOG_IN = "log_in"


class Session(AbstractBaseSession):
    """A session in the database; without a user while nobody has logged in."""

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class SessionStore(db.SessionStore):
    """Django's, for this table. A session ends when it was not used, and at last however used.

    Using it is written down only when that makes it last a good deal longer, not at each request.
    """

    # Since it was read here: a cookie that names it is to last as long.
    lasts_longer = False

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def load(self) -> dict[str, Any]:
        # Not Django's own `load`, which would keep the row, with its end, to itself.
        row = cast("Any", self)._get_session_from_db()
        if row is None:
            return {}
        data: dict[str, Any] = self.decode(row.session_data)
        end = end_of(data.get(LOG_IN), timezone.now())
        if end - row.expire_date > timedelta(seconds=settings.SESSION_IDLE_SECONDS / 4):
            # The end alone: beside us somebody may be changing what the session keeps.
            self.model.objects.filter(pk=row.pk).update(expire_date=end)
            self.lasts_longer = True
        return data

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        made: Session = cast("Session", super().create_model_instance(data))
        made.user_id = data.get(SESSION_KEY)
        return made

    def get_expiry_date(self, **options: Any) -> datetime:
        return end_of(self.get(LOG_IN), timezone.now())

    def get_expiry_age(self, **options: Any) -> int:
        now = timezone.now()
        return int((end_of(self.get(LOG_IN), now) - now).total_seconds())


def end_of(log_in: dict[str, Any] | None, now: datetime) -> datetime:
    """When a session that is used now ends if it is not used again."""
    unused = now + timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    if log_in is None:
        return unused
    at_last = datetime.fromtimestamp(log_in["at"], UTC)
    return min(unused, at_last + timedelta(seconds=settings.SESSION_SECONDS))
