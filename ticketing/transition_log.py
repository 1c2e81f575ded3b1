"""Who moved what, when and why: one `StateLog` row for each transition.

A logged transition takes `by` (a user, or None for the system itself), `at` and `reason`; leaving
one out is a bug and raises, so nothing moves without an explanation.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django_fsm_log.models import StateLog

from jobs.writing import insert

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Its attempts and errors are on the row itself.
UNLOGGED = {"jobs.Job"}


class Backend:
    """The storage that `DJANGO_FSM_LOG_STORAGE_METHOD` names."""

    @staticmethod
    def setup_model(model: type[models.Model]) -> None:
        """Nothing to set up: rows are written at once, in the caller's transaction."""

    @staticmethod
    def pre_transition_callback(**kwargs: Any) -> None:
        """Nothing happens before a transition."""

    @staticmethod
    def post_transition_callback(
        *,
        sender: type[models.Model],
        instance: models.Model,
        name: str,
        source: str,
        target: str,
        method_kwargs: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        """Write the row, with the use case's own clock reading."""
        if sender._meta.label in UNLOGGED:
            return
        row = StateLog(
            content_object=instance,
            transition=name,
            source_state=source,
            state=target,
            by=method_kwargs["by"],
            timestamp=method_kwargs["at"],
            description=method_kwargs["reason"],
        )
        # In one statement with whatever else the use case writes (`jobs.writing.together`).
        insert([row])


def note(
    row: models.Model, decision: str, *, by: User | None, at: datetime, reason: str
) -> StateLog:
    """Log what somebody decided about a row without moving it, in the caller's transaction."""
    status = getattr(row, "status", "")  # a showing has none
    return StateLog.objects.create(
        content_object=row,
        transition=decision,
        source_state=status,
        state=status,
        by=by,
        timestamp=at,
        description=reason,
    )
