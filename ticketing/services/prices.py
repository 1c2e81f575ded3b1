"""Change what the places of a showing cost that nobody has yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ticketing.errors import PriceChanged
from ticketing.event_changes import lock_showing_for_change
from ticketing.models import Area, Showing
from ticketing.prices import check_price
from ticketing.transition_log import note


@dataclass(frozen=True)
class NewPrice:
    """The price of an area from now on; `old` is the one that whoever decided has seen."""

    area_id: int
    old: Decimal
    new: Decimal


@transaction.atomic(durable=True)
def change_prices(
    *, showing_id: int, prices: Sequence[NewPrice], by: User, reason: str
) -> list[Area]:
    """Sell the places of some areas of a showing at other prices from now on; return the areas.

    Held and sold places keep theirs: holds, orders and tickets have a price of their own.
    Locks the event, then the areas by ascending id; buyers don't wait. Raises NotAllowed,
    WrongEventState, ShowingOver, InvalidPrice; PriceChanged if one of the old prices is not the
    price any more. Then none has changed.
    """
    now = timezone.now()
    showing = lock_showing_for_change(showing_id, by=by, now=now)
    wanted = {price.area_id: price for price in prices}
    areas = _lock(showing, wanted.keys())
    for area in areas:
        _change(area, wanted[area.pk])
    steps = "; ".join(_told(area, wanted[area.pk]) for area in areas)
    note(showing, "change_prices", by=by, at=now, reason=f"{reason} ({steps})")
    return areas


def _lock(showing: Showing, area_ids: Iterable[int]) -> list[Area]:
    """Lock these areas. No key changes, so that nobody waits who gives one a seat."""
    areas = Area.objects.filter(showing=showing, pk__in=area_ids).order_by("pk")
    return list(areas.select_for_update(of=("self",), no_key=True))


def _change(area: Area, price: NewPrice) -> None:
    check_price(price.new)
    if area.price != price.old:
        raise PriceChanged(
            _("{area} costs {price} VND by now. Look at the prices again.").format(
                area=area, price=_amount(area.price)
            )
        )
    area.price = price.new
    area.save(update_fields=["price"])


def _told(area: Area, price: NewPrice) -> str:
    return f"{area}: {_amount(price.old)} → {_amount(price.new)} VND"


def _amount(price: Decimal) -> str:
    return f"{price:,.2f}".removesuffix(".00")
