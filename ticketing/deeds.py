"""What staff did that moved no state: log-ins, forms, files. Django keeps it in its own log."""

from __future__ import annotations

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils import translation
from django.utils.translation import gettext_lazy as _

EXPORTED, LOGGED_IN, LOGGED_OUT = 4, 100, 101  # besides Django's own
KINDS = {
    ADDITION: _("added"),
    CHANGE: _("changed"),
    DELETION: _("deleted"),
    EXPORTED: _("took as a file"),
    LOGGED_IN: _("logged in"),
    LOGGED_OUT: _("logged out everywhere"),
}


def note_deed(kind: int, *, by: User, about: Model | type[Model], message: str) -> None:
    """Keep what somebody of staff did with a row, or, given a model, with many of its rows."""
    is_row = isinstance(about, Model)
    with translation.override("en"):  # as all that is stored, whoever did it
        name = str(about if is_row else about._meta.verbose_name_plural)
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(about, for_concrete_model=False),
        object_id=str(about.pk) if is_row else None,
        object_repr=name[:200],
        action_flag=kind,
        change_message=message,
    )
