"""The clock of the business: days of sales, logs, and what the back office shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _


def zone() -> ZoneInfo:
    return ZoneInfo(settings.BUSINESS_TIME_ZONE)


def day_of(moment: datetime) -> date:
    return moment.astimezone(zone()).date()


def midnight(day: date) -> datetime:
    """The moment at which it begins."""
    return datetime.combine(day, time.min, zone())


def stamp(moment: datetime) -> str:
    """The moment to the minute, with the zone named."""
    return f"{moment.astimezone(zone()):%Y-%m-%d %H:%M} ({zone().key})"


def subheader(request: HttpRequest) -> str:
    """What stands above the menu of the back office, so that no time is misread."""
    offset = timezone.localtime(timezone=zone()).isoformat()[-6:]
    return f"{_('Back office')} · UTC{offset.removesuffix(':00')}"


class BusinessTimeMiddleware:
    """The back office shows its times by the clock of the business.

    Not so the times of showings: they name their own zone. Answers are rendered after the view,
    which is why a middleware does it and not the site.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(zone()):
            return self.get_response(request)
