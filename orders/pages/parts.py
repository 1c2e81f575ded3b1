"""What the apps above orders add to an order's page: each fills a slot with a template of its own.

So the page can show payments and refunds, and orders need not know them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from orders.models import Order

Slot: TypeAlias = Literal["paying", "called_off", "money_back"]


class Part(NamedTuple):
    """A template, and what it shows as `part`.

    `awaits` names what the part waits for, in letters of its own: an open page follows it, and
    loads itself again when it changes. Empty where nothing is under way.
    """

    template: str
    shown: dict[str, Any]
    awaits: str = ""


Maker: TypeAlias = Callable[[Order, datetime], Part | None]
Teller: TypeAlias = Callable[[Sequence[Order]], dict[int, str]]

_makers: dict[Slot, Maker] = {}
_tellers: list[Teller] = []


def fills(slot: Slot) -> Callable[[Maker], Maker]:
    """Bind the one function that makes this part of the page, or None where it has nothing."""

    def bind(maker: Maker) -> Maker:
        if slot in _makers:
            raise ValueError(f"The slot {slot} is filled already.")
        _makers[slot] = maker
        return maker

    return bind


def parts_of(order: Order, now: datetime) -> dict[Slot, Part | None]:
    return {slot: make(order, now) for slot, make in _makers.items()}


def tells_in_list(tell: Teller) -> Teller:
    """Bind a function that knows which of the listed orders nobody should pay now, and why.

    It is given all that wait for payment at once, and gives a sentence by the id of an order.
    """
    _tellers.append(tell)
    return tell


def told_in_list(orders: Sequence[Order]) -> dict[int, str]:
    return {pk: sentence for tell in _tellers for pk, sentence in tell(orders).items()}
