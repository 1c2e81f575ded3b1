"""Rules that more than one model has."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q


def one_of(field: str, choices: type[models.TextChoices], name: str) -> CheckConstraint:
    """The database's own list of the values that a status may have."""
    return CheckConstraint(name=name, condition=Q(**{f"{field}__in": choices.values}))
