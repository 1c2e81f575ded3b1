"""What a place may cost. Other prices of imported plans stay until somebody changes them."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.translation import gettext as _

from ticketing.errors import InvalidPrice

# No bank takes less, so nobody could pay for a single ticket.
LEAST = Decimal(5_000)
# Ten such tickets can still be paid at once.
GREATEST = Decimal(99_999_999)
WHOLE = re.compile(r"\d{1,12}|\d{1,3}([ .,]\d{3}){1,3}", re.ASCII)


def read_price(text: str) -> Decimal:
    """A price as people type it: whole dong, maybe in groups of three digits.

    Raises InvalidPrice for anything else, and for what `check_price` refuses.
    """
    if not WHOLE.fullmatch(text.strip()):
        raise InvalidPrice(_("Give a price in whole dong, such as 500000 or 500,000."))
    price = Decimal(re.sub(r"\D", "", text))
    check_price(price)
    return price


def check_price(price: Decimal) -> None:
    """Raise InvalidPrice unless tickets at this price can be sold: free, or what banks take."""
    if price != price.to_integral_value():
        raise InvalidPrice(_("A price is in whole dong."))
    if price and not LEAST <= price <= GREATEST:
        raise InvalidPrice(
            _("A place is free of charge or costs between {least} and {greatest} VND.").format(
                least=f"{LEAST:,}", greatest=f"{GREATEST:,}"
            )
        )
