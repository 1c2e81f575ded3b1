"""Times as people type them: what the clock at the house will show."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from unfold.widgets import DATETIME_CLASSES

YEARS = range(2000, 2101)


class WallTimeInput(forms.DateTimeInput):
    """The browser's own calendar and clock; on telephones too, and without a script."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"class": " ".join(DATETIME_CLASSES)}, format="%Y-%m-%dT%H:%M")


class WallTimeField(forms.DateTimeField):
    """A date and a time without a zone: the form knows whose clock it is (`at_zone`)."""

    widget = WallTimeInput

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            moment = parse_datetime(str(value).strip())
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is not None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if moment.year not in YEARS:
            raise ValidationError(_("The year is between 2000 and 2100."), code="year")
        return moment


def on_the_wall(moment: datetime, zone: tzinfo) -> datetime:
    """What the clock in that zone shows then, to the minute."""
    return moment.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)


def at_zone(moment: datetime, time_zone: str) -> datetime:
    """The moment when the clock of that zone shows this.

    Raises ValidationError for what it shows twice or never, when clocks are put back or forward.
    """
    with timezone.override(ZoneInfo(time_zone)):
        return forms.utils.from_current_timezone(moment)
