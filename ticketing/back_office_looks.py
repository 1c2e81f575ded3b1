"""What the back office is called and coloured: the red and the mark of the customers' pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

RED = {
    "50": "oklch(97% .013 12)",
    "100": "oklch(94.5% .026 12)",
    "200": "oklch(89.5% .052 11)",
    "300": "oklch(81% .105 12)",
    "400": "oklch(70% .17 14)",
    "500": "oklch(58% .2 16)",
    "600": "oklch(49% .19 17)",
    "700": "oklch(43% .17 16)",
    "800": "oklch(38% .145 14)",
    "900": "oklch(34% .12 12)",
    "950": "oklch(23% .085 12)",
}


def mark(request: HttpRequest) -> str:
    return static("pages/icon.svg")


def amounts(request: HttpRequest) -> str:
    return static("back_office/amounts.css")


LOOKS: dict[str, Any] = {
    "SITE_TITLE": _("Back office"),
    "SITE_HEADER": _("Tickets"),
    "SITE_SUBHEADER": "ticketing.business_time.subheader",
    "SITE_ICON": mark,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": mark}],
    "SHOW_LANGUAGES": True,
    "COLORS": {"primary": RED},
    "SIDEBAR": {"navigation": "ticketing.back_office_menu.menu"},
    "STYLES": [amounts],
}
