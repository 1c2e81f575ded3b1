"""The prices that a page showed, sent back with the choice: nobody is to hold what costs more.

Between this look and the order lie milliseconds; the order's own page names its total before
anybody pays.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from ticketing.errors import PriceChanged
from ticketing.models import Area, Showing
from ticketing.templatetags.pages import price as price_tag


def shown_prices(areas: Iterable[Area]) -> str:
    """The price of each area, as a form carries them."""
    return ",".join(f"{area.pk}:{area.price}" for area in areas)


def check_prices(showing: Showing, shown: str) -> None:
    """Raise PriceChanged if an area costs another amount than the page said."""
    prices = dict(part.split(":", 1) for part in shown.split(",") if ":" in part)
    for area in showing.areas.order_by("pk"):
        if prices.get(str(area.pk), str(area.price)) != str(area.price):
            raise PriceChanged(
                _(
                    "{area} costs {price} by now. Look at the new prices; your choice is kept."
                ).format(area=area, price=price_tag(area.price))
            )
