"""What fills an area: rows of numbered seats, or the places of a standing field; and its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from ticketing.errors import InvalidSeatPlan
from ticketing.models import Area
from ticketing.seat_plan import MOST_SEATS, Unusable, check_label

STANDING_ROW = "GA"


@dataclass(frozen=True)
class Rows:
    """Rows of these labels, from front to back, each with the seats 1 to `seats_per_row`."""

    labels: Sequence[str]
    seats_per_row: int

    is_general_admission: ClassVar = False
    prefix: ClassVar = ""

    def checked(self) -> Rows:
        """The same with its labels as they are kept. Raises InvalidSeatPlan.

        `line` of an error is the position of the label.
        """
        labels: dict[str, int] = {}
        problems = []
        for position, given in enumerate(self.labels, start=1):
            try:
                label = check_label("row", given)
                if labels.setdefault(label, position) != position:
                    raise Unusable(_("Row {label} was there before.").format(label=label))
            except Unusable as trouble:
                problems.append({"line": position, "message": str(trouble)})
        if problems:
            raise InvalidSeatPlan(_("No seat was made. Correct the row labels."), errors=problems)
        check_size(len(labels) * self.seats_per_row)
        return Rows(list(labels), self.seats_per_row)

    def __str__(self) -> str:
        return f"{len(self.labels)} rows of {self.seats_per_row} seats"


@dataclass(frozen=True)
class Places:
    """So many places to stand, GA-1 and on, in a single row."""

    capacity: int

    is_general_admission: ClassVar = True
    prefix: ClassVar = f"{STANDING_ROW}-"
    labels: ClassVar = [STANDING_ROW]

    @property
    def seats_per_row(self) -> int:
        return self.capacity

    def checked(self) -> Places:
        """The same. Raises InvalidSeatPlan for no places or too many."""
        check_size(self.capacity)
        return self

    def __str__(self) -> str:
        return f"{self.capacity} places"


Seating = Rows | Places


def free_area_name(showing_id: int, name: str, *, besides: Any = None) -> str:
    """The name as it is kept. `besides` is the id of the area that is to have it, if there is one.

    Raises InvalidSeatPlan for what is no name, and for one that another area of the showing has.
    """
    try:
        name = check_label("area", name)
    except Unusable as trouble:
        raise InvalidSeatPlan(str(trouble), errors=[]) from None
    if Area.objects.filter(showing=showing_id, name=name).exclude(pk=besides).exists():
        told = _("This showing has an area {name} already: choose another name.")
        raise InvalidSeatPlan(told.format(name=name), errors=[])
    return name


def check_size(seats: int) -> None:
    """Raise InvalidSeatPlan for no seats, or more than are made at a time."""
    if not 1 <= seats <= MOST_SEATS:
        raise InvalidSeatPlan(
            _("Make between 1 and {most} seats at a time.").format(most=MOST_SEATS), errors=[]
        )
