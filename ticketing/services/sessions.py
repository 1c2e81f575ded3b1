"""End sessions: one's own, somebody's for safety, and those that nobody uses any more.

With a session end the access and refresh tokens that were given in it.
"""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ticketing.deeds import LOGGED_OUT, note_deed
from ticketing.models import Session
from ticketing.roles import require_admin


@transaction.atomic(durable=True)
def end_own_sessions(*, user: User, keys: Collection[str]) -> int:
    """End those of these sessions that are the user's, and say how many that were."""
    ended, _each = Session.objects.filter(user=user, pk__in=keys).delete()
    return ended


@transaction.atomic(durable=True)
def log_out_everywhere(*, user_id: int, by: User, reason: str) -> int:
    """End all sessions of an account, and say how many there were; the log keeps who did it.

    Raises NotAllowed unless `by` is an admin.
    """
    require_admin(by, _("Platform admins log others out. Ask one of them."))
    user = User.objects.get(pk=user_id)
    ended, _each = Session.objects.filter(user=user).delete()
    note_deed(LOGGED_OUT, by=by, about=user, message=reason)
    return ended


@transaction.atomic(durable=True)
def prune_sessions() -> int:
    """Delete the sessions that are over, with what they keep of people, and say how many."""
    ended, _each = Session.objects.filter(expire_date__lte=timezone.now()).delete()
    return ended
