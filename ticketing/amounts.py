"""How amounts are written."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import get_format

CURRENCY = "VND"  # of rows that don't name one


def price_tag(amount: Decimal | int, currency: str = CURRENCY) -> str:
    """An amount as people read it, in the language that is active.

    What stands after the point is shown unless it is nothing.
    """
    whole, _point, parts = f"{amount:,.2f}".partition(".")
    grouped = whole.replace(",", get_format("THOUSAND_SEPARATOR"))
    if parts.strip("0"):
        grouped += get_format("DECIMAL_SEPARATOR") + parts
    return f"{grouped} {currency}"
