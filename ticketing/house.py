"""Steps of changing the places of a showing, inside somebody's transaction, and how they are told.

What stands in the log names places in the showing's own words: `Stalls: A 1–20, B 3; Circle: C 1`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import NamedTuple

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from ticketing.errors import DomainError, ShowingOver, WrongEventState
from ticketing.models import Event, Seat, Showing
from ticketing.roles import CHANGE_PLACES, require

NAMED_RUNS = 40  # in one sentence; who wants to know more looks at the plan


def lock_changeable(showing_id: int, *, by: User, now: datetime) -> Showing:
    """Lock a showing's event, so that nobody calls it off meanwhile, and return the showing.

    No buyer waits for that. Raises NotAllowed unless `by` may change the showing, WrongEventState
    when the event is off, ShowingOver.
    """
    showing = Showing.objects.get(pk=showing_id)
    showing.event = Event.objects.get_for_update(showing.event_id)
    require(
        by, CHANGE_PLACES, showing.event, _("Members of its organizer change what is for sale.")
    )
    refusal = why_unchangeable(showing, now)
    if refusal:
        raise refusal
    return showing


def why_unchangeable(showing: Showing, now: datetime) -> DomainError | None:
    """The refusal where a change would mean nothing to anybody; None where places may change."""
    if showing.event.is_closed:
        return WrongEventState(
            _("The event does not take place, so its places and prices stay as they are.")
        )
    if now >= showing.ends_at:
        return ShowingOver(
            _("The showing ended at {moment}, so its places and prices stay as they are.").format(
                moment=showing.local(showing.ends_at)
            )
        )
    return None


class Run(NamedTuple):
    """Seats that stand beside each other in a row."""

    area: str
    row: str
    first: str
    last: str

    @property
    def numbers(self) -> str:
        return self.first if self.first == self.last else f"{self.first}–{self.last}"


def told(showing: Showing, seat_ids: Sequence[int]) -> str:
    """Seats of a showing in words, by area and row; of very many, the first rows."""
    runs = list(islice(_runs(showing, seat_ids), NAMED_RUNS + 1))
    areas = [
        f"{area}: " + ", ".join(f"{run.row} {run.numbers}" for run in of_area)
        for area, of_area in groupby(runs[:NAMED_RUNS], key=lambda run: run.area)
    ]
    return "; ".join(areas) + (" …" if len(runs) > NAMED_RUNS else "")


def _runs(showing: Showing, seat_ids: Sequence[int]) -> Iterator[Run]:
    """Seats are made row by row, so those beside each other have ids that follow each other."""
    seats = Seat.objects.filter(showing=showing, pk__in=seat_ids)
    ordered = seats.order_by("area_id", "row_id", "pk")
    rows = ordered.values_list("area__name", "row__label", "number", "pk")
    for _row, beside in groupby(enumerate(rows.iterator()), key=_run_key):
        yield _run([row for _place, row in beside])


def _run_key(numbered: tuple[int, tuple[str, str, str, int]]) -> tuple[str, str, int]:
    place, (area, row, _number, pk) = numbered
    return area, row, pk - place


def _run(beside: Sequence[tuple[str, str, str, int]]) -> Run:
    area, row, first, _pk = beside[0]
    return Run(area, row, first, beside[-1][2])
