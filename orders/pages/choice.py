"""What a visitor has chosen so far, as forms and addresses carry it from page to page."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from ticketing.ids import read_id

MOST_SEATS = 200  # in one choice; far more than an order may have
MOST_PLACES = 1000


@dataclass(frozen=True)
class Choice:
    """Numbered seats, or `quantity` places of the standing `area`; maybe nothing yet.

    `row` and `area` also say which list of seats is open. What can't be read counts as not given.
    """

    seats: tuple[int, ...] = ()
    area: int | None = None
    row: int | None = None
    quantity: int | None = None

    @classmethod
    def read(cls, given: QueryDict) -> Choice:
        numbers = (_number(text) for text in given.getlist("seats"))
        seats = dict.fromkeys(number for number in numbers if number)
        quantity = _number(given.get("quantity", ""))
        return cls(
            seats=tuple(seats)[:MOST_SEATS],
            area=_number(given.get("area", "")),
            row=_number(given.get("row", "")),
            quantity=quantity and min(quantity, MOST_PLACES),
        )

    def address(self, path: str) -> str:
        """Where the page at `path` shows this choice."""
        fields = {"seats": self.seats, "area": self.area, "row": self.row}
        given = {name: value for name, value in fields.items() if value}
        if self.quantity:
            given["quantity"] = self.quantity
        return f"{path}?{urlencode(given, doseq=True)}" if given else path

    @property
    def digest(self) -> str:
        """Equal for equal wishes, in whatever order the seats were chosen."""
        # Without a quantity the area says only which list is open, and is no part of the wish.
        wish: list[Any] = [sorted(self.seats), self.quantity and self.area, self.quantity]
        return hashlib.sha256(json.dumps(wish).encode()).hexdigest()

    def looking_at(self, *, area: str = "", row: str = "") -> Choice:
        """The same seats, with another list open."""
        return replace(self, area=_number(area), row=_number(row), quantity=None)


def _number(text: str) -> int | None:
    return read_id(text) or None
