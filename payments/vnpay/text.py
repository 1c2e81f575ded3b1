"""How VNPay writes times, money and Vietnamese."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone
from decimal import Decimal

VIETNAM = timezone(timedelta(hours=7))  # fixed, without daylight saving (section 9)
LONGEST_ORDER_INFO = 255  # section 3


def timestamp(moment: datetime) -> str:
    """Fourteen digits of Vietnam time, from an aware moment."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone has no Vietnam time.")
    return f"{moment.astimezone(VIETNAM):%Y%m%d%H%M%S}"


def hundredths(amount: Decimal) -> str:
    """VND times 100, digits only. Raises ValueError for what has more than two places."""
    digits = amount * 100
    if digits != digits.to_integral_value():
        raise ValueError(f"{amount} has more than two places.")
    return str(int(digits))


def from_hundredths(digits: str) -> Decimal:
    """VND from VNPay's digits, exactly. Raises ValueError unless it is digits."""
    if not re.fullmatch(r"[0-9]{1,12}", digits):
        raise ValueError(f"{digits!r} is not an amount.")
    return Decimal(int(digits)) / 100


def order_info(text: str) -> str:
    """Fold to what every encoder agrees on (sections 2.3 and 3.2); the same text every time."""
    replaced = text.replace("đ", "d").replace("Đ", "D")
    folded = unicodedata.normalize("NFD", replaced).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9 .,:_-]", " ", folded)
    return re.sub(r" +", " ", kept).strip()[:LONGEST_ORDER_INFO].strip()
