"""What the drawn seat plan has to know, as JSON in an attribute: no script stands in the page."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from orders.pages.places import Places
from ticketing.models import Showing


def plan_data(showing: Showing, places: Places, *, is_selling: bool) -> str:
    """Where the seats come from, what areas there are, and the words the plan says."""
    return json.dumps(
        {
            "url": _url(showing),
            "selling": is_selling,
            "most": settings.ORDER_MAX_TICKETS,
            "areas": [_area(area) for area in (*places.numbered, *places.standing)],
            "separator": get_format("THOUSAND_SEPARATOR"),
            "point": get_format("DECIMAL_SEPARATOR"),
            "texts": texts(),
        }
    )


def standing_data(showing: Showing) -> str:
    """The same for the counts of standing places, with or without a plan beside them."""
    texts = {"some": _("%(free)s left.") % {"free": "{free}"}, "none": _("Sold out")}
    separator = get_format("THOUSAND_SEPARATOR")
    return json.dumps({"url": _url(showing), "separator": separator, "texts": texts})


def _url(showing: Showing) -> str:
    return f"/api/v1/showings/{showing.pk}/seats/"


def _area(area: Any) -> dict[str, Any]:
    return {
        "id": area.pk,
        "name": area.name,
        # To be shown only: what is paid is reckoned from the database, and never from this.
        "price": float(area.price),
        "standing": area.is_general_admission,
        "size": area.size,
        "free": area.free,
    }


def texts() -> dict[str, str]:
    """Names in braces are filled in by the plan."""
    return {
        "available": _("free"),
        "held": _("held by somebody"),
        "sold": _("sold"),
        "blocked": _("not for sale"),
        "chosen": _("chosen by you"),
        "is_free": _("free of charge"),
        "seat": _("{area}, row {row}, seat {number}"),
        "spoken": _("{area}, row {row}, seat {number}, {price}, {state}"),
        "remove": _("Remove"),
        "added": _("Chosen: {seat}. {count} in all, {total}."),
        "removed": _("Removed: {seat}. {count} in all, {total}."),
        "lost": _("Somebody else has taken {seat}. It is no longer in your choice."),
        "too_many": _("One order can hold {most} tickets. Remove one first."),
        "not_free": _("This seat can't be chosen: {state}."),
        "not_selling": _("Tickets for this showing are not on sale now."),
        "left": _("{free} of {size} left"),
        "standing": _("standing"),
        "failed": _("The seat plan can't be loaded. Choose from the list instead."),
        "stale": _("The plan is not up to date: there is no connection. Trying again."),
    }
