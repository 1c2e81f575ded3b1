"""Choosing a door, and letting people in at it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders.pages.door.access import door_page, own_showings
from orders.pages.door.attendance import attendance_by_area, whole
from orders.pages.door.outcomes import Outcome, take
from ticketing.back_office import reader
from ticketing.models import Showing
from ticketing.models.showings import DOOR_MARGIN, ShowingQuerySet
from ticketing.pages.security import permissions

LISTED = 50


@door_page
@require_safe
def doors(request: HttpRequest) -> HttpResponse:
    """The showings whose door is open, and those that come next."""
    now = timezone.now()
    listed = list(_coming(own_showings(reader(request)), now)[:LISTED])
    context = {
        "open": [showing for showing in listed if showing.has_open_door(now)],
        "later": [showing for showing in listed if not showing.has_open_door(now)],
    }
    return render(request, "orders/door/doors.html", context)


def _coming(showings: ShowingQuerySet, now: datetime) -> ShowingQuerySet:
    not_over = showings.of_selling_events().filter(ends_at__gt=now - DOOR_MARGIN)
    return not_over.order_by("starts_at", "pk")


@door_page
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, showing_id: int) -> HttpResponse:
    """The scanner of one showing. A POST takes a code and says below it what it came to."""
    showing = _own(request, showing_id)
    outcome = _take(request, showing) if request.method == "POST" else None
    context = {
        "showing": showing,
        "event": showing.event,
        "is_open": showing.has_open_door(timezone.now()),
        "outcome": outcome,
        # One name for each look at a ticket, so that a repeat after a lost answer is known as one.
        "scan": uuid.uuid4(),
        **_attendance(showing),
    }
    status = outcome.status if outcome else 200
    answer = render(request, "orders/door/door.html", context, status=status)
    answer.headers["Permissions-Policy"] = permissions("camera")
    return answer


@door_page
@require_POST
def door_scan(request: HttpRequest, showing_id: int) -> HttpResponse:
    """The same as a part of the open page."""
    outcome = _take(request, _own(request, showing_id))
    return render(request, "orders/door/outcome.html", {"outcome": outcome}, status=outcome.status)


@door_page
@require_safe
def door_count(request: HttpRequest, showing_id: int) -> HttpResponse:
    """Who is in, as a part of the open page, which asks for it all the time."""
    showing = _own(request, showing_id)
    return render(request, "orders/door/attendance.html", _attendance(showing))


def _own(request: HttpRequest, showing_id: int) -> Showing:
    return get_object_or_404(own_showings(reader(request)), pk=showing_id)


def _take(request: HttpRequest, showing: Showing) -> Outcome:
    return take(
        request.POST.get("ticket", ""),
        by=reader(request),
        door=showing,
        scan=_scan(request.POST.get("scan", "")),
    )


def _scan(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _attendance(showing: Showing) -> dict[str, Any]:
    areas = attendance_by_area(showing)
    return {"areas": areas, "whole": whole(areas)}
