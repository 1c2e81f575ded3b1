"""What the page of a house shows, put together for its template."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_fsm_log.models import StateLog

from orders.house.figures import Counted, counted_areas, counted_rows, seats_of, totals
from orders.house.forms import ChosenSeats, PartOfRow, Places, ReasonedForm
from orders.house.seat_ids import write_ids
from orders.house.words import house_data
from ticketing.back_office import reader
from ticketing.event_changes import why_unchangeable
from ticketing.models import SeatStatus, Showing
from ticketing.roles import CHANGE_PLACES, may

HISTORY = 20  # the last changes
STEPS = {
    "block_seats": gettext_lazy("off sale"),
    "block_places": gettext_lazy("off sale"),
    "release_seats": gettext_lazy("on sale again"),
    "release_places": gettext_lazy("on sale again"),
    "change_prices": gettext_lazy("prices changed"),
}


def shown_house(
    request: HttpRequest, showing: Showing, refused: ReasonedForm | None
) -> dict[str, Any]:
    """Everything but the frame. `refused` is the form that was sent and could not be done."""
    areas = counted_areas(showing)
    why_not = why_unchangeable(showing, timezone.now())
    is_changeable = not why_not and may(reader(request), CHANGE_PLACES, showing.event)
    return {
        "showing": showing,
        "why_not": why_not,
        "is_changeable": is_changeable,
        "areas": areas,
        "totals": [(state, totals(areas)[state]) for state in SeatStatus.values],
        "size": sum(area.size for area in areas),
        "house": house_data(
            showing, areas, is_changeable=is_changeable, chosen=write_ids(_ticked_before(refused))
        ),
        "may_see_orders": may(reader(request), "orders.view_order", showing.event),
        "refused": refused,
        "by_plan": refused if isinstance(refused, ChosenSeats) else ChosenSeats(showing),
        "by_list": _by_list(showing, refused),
        "ticked": _ticked_before(refused),
        "by_row": refused if isinstance(refused, PartOfRow) else PartOfRow(showing),
        "by_field": [_of_field(each, refused) for each in areas if _is_standing(each)],
        "history": _history(showing),
        **_listed(request, areas),
    }


def _by_list(showing: Showing, refused: ReasonedForm | None) -> ChosenSeats:
    """The plan's form, in the list: both are one, and what was written in it stays in both."""
    sent = refused.data if isinstance(refused, ChosenSeats) else {}
    given = {"reason": sent.get("reason", "")}
    return ChosenSeats(showing, auto_id="listed-%s", initial=given)


def _ticked_before(refused: ReasonedForm | None) -> list[int]:
    return refused.cleaned_data.get("seat_ids", []) if isinstance(refused, ChosenSeats) else []


def _is_standing(counted: Counted) -> bool:
    return bool(counted.place.is_general_admission and counted.size)


def _of_field(counted: Counted, refused: ReasonedForm | None) -> tuple[Counted, ReasonedForm]:
    area, showing = counted.place, counted.place.showing
    if isinstance(refused, Places) and refused.data.get("area") == str(area.pk):
        return counted, refused
    return counted, Places(showing, initial={"area": area.pk}, auto_id=f"field-{area.pk}-%s")


def _listed(request: HttpRequest, areas: list[Counted]) -> dict[str, Any]:
    """The rows of the area that is looked at, and the seats of the row that is."""
    numbered = [each for each in areas if not _is_standing(each) and each.size]
    wanted, row = request.GET.get("area", ""), request.GET.get("row", "")
    opened = next((each for each in numbered if str(each.place.pk) == wanted), None)
    rows = counted_rows(opened.place) if opened else []
    open_row = next((each for each in rows if str(each.place.pk) == row), None)
    return {
        "numbered": numbered,
        "open_area": opened,
        "rows": rows,
        "open_row": open_row,
        "seats": seats_of(open_row.place) if open_row else [],
    }


def _history(showing: Showing) -> list[dict[str, Any]]:
    entries = StateLog.objects.for_(showing).select_related("by").order_by("-pk")[:HISTORY]
    return [
        {
            "at": showing.local(entry.timestamp),
            "by": entry.by,
            "step": STEPS.get(entry.transition, entry.transition),
            "why": entry.description,
        }
        for entry in entries
    ]
