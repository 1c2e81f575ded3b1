"""What the drawn house has to know and says, as JSON in an attribute of the page."""

from __future__ import annotations

import json
from typing import Any

from django.urls import reverse
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from orders.house.figures import Counted
from ticketing.models import Showing


def house_data(showing: Showing, areas: list[Counted], *, is_changeable: bool, chosen: str) -> str:
    """Where seats and their holders are asked for, the areas, and what was chosen before."""
    return json.dumps(
        {
            "url": reverse("admin:ticketing_showing_seat_map", args=[showing.pk]),
            "holder": reverse("admin:ticketing_showing_seat_holder", args=[showing.pk]),
            "changeable": is_changeable,
            "chosen": chosen,
            "areas": [_area(area) for area in areas if area.size],
            "separator": get_format("THOUSAND_SEPARATOR"),
            "point": get_format("DECIMAL_SEPARATOR"),
            "texts": texts(),
        }
    )


def _area(counted: Counted) -> dict[str, Any]:
    area: Any = counted.place
    return {
        "id": area.pk,
        "name": area.name,
        "price": float(area.price),
        "standing": area.is_general_admission,
        "size": counted.size,
        "free": counted.by_state["available"],
    }


def texts() -> dict[str, str]:
    """Names in braces are filled in by the plan."""
    return {
        "available": _("free"),
        "held": _("held"),
        "sold": _("sold"),
        "blocked": _("blocked"),
        "chosen": _("chosen"),
        "is_free": _("free of charge"),
        "seat": _("{area}, row {row}, seat {number}"),
        "spoken": _("{area}, row {row}, seat {number}, {price}, {state}"),
        "standing": _("standing"),
        "left": _("{free} of {size} left"),
        "nothing": _("Nothing is chosen."),
        "counted": _("{free} free and {blocked} blocked seats are chosen."),
        "skipped": _("{count} held or sold ones were left out."),
        "lost": _("{count} of the chosen seats went to customers meanwhile."),
        "block": _("Block ({count})"),
        "release": _("Release ({count})"),
        "order": _("Order {code}"),
        "failed": _("The plan can't be loaded. The list below goes on working."),
        "stale": _("The plan is not up to date: there is no connection. Trying again."),
    }
