"""Delete accounts that nothing names any more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import connection, models, transaction

from ticketing.models import Organizer, SeatPlanUpload, Session

# What is an account's own, by the column that names it, and goes with it.
OWN: dict[type[models.Model], str] = {
    EmailAddress: "user",
    Authenticator: "user",
    Session: "user",
    SeatPlanUpload: "uploaded_by",
    User.groups.through: "user",
    User.user_permissions.through: "user",
    Organizer.members.through: "user",
}


@transaction.atomic
def delete_accounts(*, user_ids: Collection[int]) -> None:
    """Delete these accounts with what lets their owners in, or none of them.

    Not by Django's way, which would take entries of the log along, or the name out of them. Raises
    IntegrityError if a log or a sale names one. May be called in a transaction.
    """
    with connection.cursor() as cursor:
        # Who is still named is refused here, and not at a commit that may be a caller's.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for model, owner in OWN.items():
            own: models.QuerySet[Any] = model._base_manager.filter(**{f"{owner}__in": user_ids})
            own.delete()
        cursor.execute("DELETE FROM auth_user WHERE id = ANY(%s)", [list(user_ids)])
        # As they were: a caller may go on.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
