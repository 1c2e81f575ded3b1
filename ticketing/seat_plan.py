"""A seat plan as people send it: CSV with the columns area, row, seat, and maybe price, blocked.

Reading touches no database. Everything wrong is collected with its line, so that a plan of
thousands of seats is corrected in one go.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from ticketing.exports import begins_like_formula

MOST_SEATS = 200_000
MOST_AREAS = 200
# Nobody reads more, and the plan is refused anyway.
MOST_PROBLEMS = 100
REQUIRED = {"area", "row", "seat"}
OPTIONAL = {"price", "blocked"}
LONGEST = {"area": 100, "row": 20, "seat": 20}
BLOCKED = {"yes": True, "no": False, "": False}
PRICE = re.compile(r"[0-9]{1,12}(\.0{1,2})?")  # whole dong: nobody can pay parts of one


Cells = dict[str | Any, str | Any]  # by column; under None what stands behind the last one


class Unusable(Exception):
    """What is wrong with a line, in words for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class PlannedSeat:
    line: int
    area: str
    row: str
    number: str
    price: Decimal | None
    is_blocked: bool

    @property
    def place(self) -> tuple[str, str, str]:
        return self.area, self.row, self.number


@dataclass
class PlannedArea:
    """The line that names an area first, and its price if any line states one."""

    line: int
    price: Decimal | None = None


@dataclass
class SeatPlan:
    """Usable seats in the order of the file, and what is wrong with the other lines."""

    seats: list[PlannedSeat] = field(default_factory=list)
    areas: dict[str, PlannedArea] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    places: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, seat: PlannedSeat) -> None:
        """Take a seat in, or raise Unusable because it contradicts an earlier line."""
        if seat.place in self.places:
            raise Unusable(_("This seat was there before."))
        if seat.area not in self.areas and len(self.areas) == MOST_AREAS:
            raise Unusable(_("A plan has at most {most} areas.").format(most=MOST_AREAS))
        area = self.areas.setdefault(seat.area, PlannedArea(seat.line))
        if area.price is None:
            area.price = seat.price
        elif seat.price not in (None, area.price):
            raise Unusable(
                _("{area} had the price {price} before; an area has one price.").format(
                    area=seat.area, price=area.price
                )
            )
        self.places.add(seat.place)
        self.seats.append(seat)


def read_seat_plan(lines: Iterable[str], *, delimiter: str = ",") -> SeatPlan:
    """Read a plan; its `problems` say what is wrong, by line.

    Reading stops at MOST_SEATS or MOST_PROBLEMS, whatever somebody sends.
    """
    plan = SeatPlan()
    # Strict: a quote that nobody closes is a mistake, and not the rest of the file.
    reader = csv.DictReader(lines, strict=True, delimiter=delimiter)
    try:
        reader.fieldnames = _columns(reader.fieldnames or [])
        _check_header(reader.fieldnames)
        for cells in reader:
            if _is_blank(cells):
                continue
            _check_length(plan)
            _take(plan, reader.line_num, cells)
        if not plan.areas and not plan.problems:
            raise Unusable(_("There are no seats in this plan."))
    except (Unusable, csv.Error) as trouble:
        # Of an empty file no line was read: what it lacks is the first.
        plan.problems[reader.reader.line_num or 1] = str(trouble)
    return plan


def check_label(column: str, label: str) -> str:
    """Return the label as it is kept, or raise Unusable."""
    # Vietnamese letters can be written in two ways that look the same: one label, not two.
    label = unicodedata.normalize("NFC", label.strip())
    if not label:
        raise Unusable(_("The {column} is missing.").format(column=column))
    if len(label) > LONGEST[column] or not label.isprintable():
        raise Unusable(
            _("The {column} must have at most {longest} printable characters.").format(
                column=column, longest=LONGEST[column]
            )
        )
    if begins_like_formula(label):
        raise Unusable(
            _(
                "The {column} begins like a formula of a spreadsheet: write it without “{sign}”."
            ).format(column=column, sign=label[0])
        )
    return label


def _columns(names: Sequence[str]) -> list[str]:
    """The names of the first line, without the empty columns that spreadsheets put behind."""
    columns = [name.strip().lower() for name in names]
    while columns and not columns[-1]:
        columns.pop()
    return columns


def _is_blank(cells: Cells) -> bool:
    """Whether this is one of the empty lines that spreadsheets put at the end."""
    known = (cell for column, cell in cells.items() if column is not None)
    return not (_has_more(cells) or any((cell or "").strip() for cell in known))


def _has_more(cells: Cells) -> bool:
    """Whether something stands behind the last column."""
    return any(cell.strip() for cell in cells.get(None, ()))


def _check_header(names: Sequence[str]) -> None:
    is_complete = REQUIRED <= set(names) <= REQUIRED | OPTIONAL
    if not is_complete or len(names) != len(set(names)):
        raise Unusable(_("The first line must be area,row,seat, then price or blocked or both."))


def _check_length(plan: SeatPlan) -> None:
    if len(plan.seats) == MOST_SEATS:
        raise Unusable(_("A plan has at most {most} seats.").format(most=MOST_SEATS))
    if len(plan.problems) == MOST_PROBLEMS:
        raise Unusable(_("There may be more mistakes from here on; correct these first."))


def _take(plan: SeatPlan, line: int, cells: Cells) -> None:
    try:
        plan.add(_seat(line, cells))
    except Unusable as trouble:
        plan.problems[line] = str(trouble)


def _seat(line: int, cells: Cells) -> PlannedSeat:
    if _has_more(cells):
        raise Unusable(_("There are more cells than in the first line."))
    return PlannedSeat(
        line=line,
        area=check_label("area", cells["area"] or ""),
        row=check_label("row", cells["row"] or ""),
        number=check_label("seat", cells["seat"] or ""),
        price=_price((cells.get("price") or "").strip()),
        is_blocked=_is_blocked((cells.get("blocked") or "").strip()),
    )


def _price(text: str) -> Decimal | None:
    if not text:
        return None
    if not PRICE.fullmatch(text):  # 500.000 may be meant to be 500,000
        raise Unusable(
            _("Write the price like 500000, in whole dong, without dots between thousands.")
        )
    return Decimal(text).quantize(Decimal("0.01"))


def _is_blocked(text: str) -> bool:
    try:
        return BLOCKED[text.lower()]
    except KeyError:
        raise Unusable(_("Blocked is either yes or no.")) from None
